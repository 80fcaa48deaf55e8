"""What the tiers need of two versions while both are up; how they come up is no business of theirs."""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

import polars as pl

from perfkit.errors import ComparisonError
from perfkit.evidence import RunDirectory
from perfkit.scenario.model import Scenario

Name: TypeAlias = Literal["base", "head"]


class Side(Protocol):
    """One version: it answers at its scenario's base_url, which a restart may change."""

    @property
    def name(self) -> Name: ...
    @property
    def scenario(self) -> Scenario: ...
    @property
    def directory(self) -> RunDirectory: ...

    def traces(self) -> pl.DataFrame:
        """What the probe has seen so far (schemas.TRACES), the last request included; empty without a probe."""
        ...

    def alive(self) -> bool:
        """Something of it still runs."""
        ...


class Pair(Protocol):
    """Both of them."""

    @property
    def base(self) -> Side: ...
    @property
    def head(self) -> Side: ...

    def restart(self, meanwhile: Callable[[], None] = ..., /) -> bool:
        """New processes on the same data, at addresses that may have changed; False when they are not ours to end."""
        ...


def require_alive(pair: Pair) -> None:
    """Raises ComparisonError with the name of the version that is gone."""
    for side in (pair.base, pair.head):
        if not side.alive():
            raise ComparisonError(
                f"{side.name} ended while it was compared",
                hint=f"Its log is {side.directory.target_log}: a version that dies under one request cannot be compared.",
            )
