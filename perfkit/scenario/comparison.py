"""How two versions of the target are compared: how long, by how much they may differ, and what a version needs to be built."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, field_validator

from perfkit.scenario.section import Section
from perfkit.scenario.values import FilePath, Fraction, PositiveTime, Text

Gated: TypeAlias = Literal[
    "server_time",
    "burst",
    "errors",
    "statements",
    "bytes",
    "rows",
    "connects",
    "outbound",
    "allocations",
    "peak_memory",
    "calls",
    "instructions",
]

GATED: Final[tuple[Gated, ...]] = ("server_time", "burst", "errors", "statements", "bytes")
# Shows locks, small pools and queues, in this order; a larger burst takes longer than its noise is worth.
BURSTS: Final = (2, 8, 32)
LARGEST_BURST: Final = 1000
MOST_RESTARTS: Final = 64
MOST_CORES: Final = 1024


def _growing(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if list(sizes) != sorted(set(sizes)):
        raise ValueError("sizes of bursts grow and do not repeat (try [2, 8, 32])")
    return sizes


class Compare(Section):
    """What `perfkit compare` goes by."""

    margin: Fraction = 0.03
    budget: PositiveTime = 60.0
    bursts: Annotated[
        tuple[Annotated[int, Field(ge=2, le=LARGEST_BURST)], ...],
        AfterValidator(_growing),
    ] = BURSTS
    gate: tuple[Gated, ...] = GATED
    prepare: tuple[tuple[Text, ...], ...] = ()
    # In a file: relative to it, and inside the repository.
    copy_paths: tuple[FilePath, ...] = Field(default=(), alias="copy")
    ports: tuple[Annotated[int, Field(ge=1, le=65_535)], ...] = ()
    restarts: int = Field(default=4, ge=1, le=MOST_RESTARTS)
    # That both versions run on, together; the client has another one where there is one left.
    cores: int = Field(default=1, ge=1, le=MOST_CORES)

    @field_validator("prepare", mode="before")
    @classmethod
    def _one_command_is_a_list_of_one(cls, value: Any) -> Any:
        is_one = isinstance(value, list) and value and not any(isinstance(item, list | tuple) for item in value)
        return [value] if is_one else value

    @field_validator("prepare")
    @classmethod
    def _commands_have_words(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        if not all(value):
            raise ValueError("a command has at least one word")
        return value
