"""What explains the run after it was measured, and how much of it: stacks, call trees, memory, queries."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, field_validator

from perfkit.scenario.section import Section
from perfkit.scenario.values import Fraction, PositiveTime, Rate


class Stacks(Section):
    """py-spy, `rate` samples per second of every serving process."""

    rate: Rate = 100.0
    native: bool = False
    required: bool = False


class CallTrees(Section):
    """pyinstrument on this share of the requests of the profile phase."""

    sample: Fraction = 1 / 50


class MemoryOptions(Section):
    """How often the memory of every process is read."""

    every: PositiveTime = 1.0


class Queries(Section):
    """What is kept of the statements besides their shapes; parameters are never stored in clear."""

    plans: bool = True
    parameters: Literal["hashed"] = "hashed"


def _on_or_off(value: Any) -> str:
    return "off" if value is False else "on"


Off: TypeAlias = Annotated[Literal[False], Tag("off")]
_Switch = Discriminator(_on_or_off)


class Profiling(Section):
    """The profile phase, `for` this long, after the measure phase; each observer can be switched off with `false`."""

    duration: PositiveTime | None = Field(default=None, alias="for")
    stacks: Annotated[Annotated[Stacks, Tag("on")] | Off, _Switch] = Stacks()
    call_trees: Annotated[Annotated[CallTrees, Tag("on")] | Off, _Switch] = CallTrees()
    memory: Annotated[Annotated[MemoryOptions, Tag("on")] | Off, _Switch] = MemoryOptions()
    queries: Queries = Queries()

    @field_validator("stacks", "call_trees", "memory", mode="before")
    @classmethod
    def _true_is_its_default(cls, value: Any) -> Any:
        return {} if value is True else value
