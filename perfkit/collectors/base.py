"""The plug of an observer: a module with a NAME, the PHASES it works in and an observe()."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from perfkit.evidence import Phase, RunDirectory
from perfkit.scenario.model import Profiling
from perfkit.target.target import Target


@dataclass(frozen=True, slots=True)
class Observation:
    """What a collector is given: whom to observe, where to write, in which phase, and the scenario's options."""

    target: Target
    directory: RunDirectory
    phase: Phase
    profiling: Profiling
    epoch: float  # CLOCK_MONOTONIC of the run's second 0
    generator: int | None  # pid of the load process, for who used which CPU


class Collector(Protocol):
    """A module of this room. observe() never raises out of a run: it leaves a note of what is missing and why."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a constant of the module

    @property
    def PHASES(self) -> frozenset[Phase]: ...  # noqa: N802 - a constant of the module

    def observe(self, observation: Observation, /) -> AbstractContextManager[None]: ...
