"""The plug of a rule: a module with a docstring, a RULE and a detect()."""

from collections.abc import Iterator
from typing import Protocol

from perfkit.finding import Finding, Rule, Skipped
from perfkit.measures.lazy import Measures


class Detector(Protocol):
    """A module of this room."""

    @property
    def RULE(self) -> Rule: ...  # noqa: N802 - a module's constant

    # A rule whose evidence is there but not enough of it yields one Skipped: silence would read as "clean".
    def detect(self, measures: Measures, /) -> Iterator[Finding | Skipped]: ...
