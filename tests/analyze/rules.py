"""Rules for the tests of the loop: each finds what it is told to find."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from perfkit.evidence import Need
from perfkit.finding import Family, Finding, Level, Rule, Skipped
from perfkit.measures.lazy import Measures

RULE = Rule("slow-thing", "A thing is slow", Family.QUERIES, ("traces",), "Make it fast.")


def a_rule(id: str = "slow-thing", needs: tuple[Need, ...] = ("traces",)) -> Rule:  # noqa: A002 - the name is the field's
    return replace(RULE, id=id, needs=needs)


def a_finding(rule: Rule = RULE, where: str = "GET /orders", **fields: Any) -> Finding:
    """10 of the 20 milliseconds of a request of the builders."""
    known: dict[str, Any] = {"level": Level.MEASURED, "message": f"{where}: it is slow", "saving": 0.010}
    return Finding(rule, where, **(known | fields))


@dataclass(frozen=True, slots=True)
class Told:
    """A detector that says what it was told to."""

    RULE: Rule
    says: Callable[[Measures], Iterable[Finding | Skipped]]

    def detect(self, measures: Measures, /) -> Iterator[Finding | Skipped]:
        yield from self.says(measures)


def saying(*said: Finding | Skipped, rule: Rule = RULE) -> Told:
    return Told(rule, lambda _: said)


def raising(error: Exception, rule: Rule = RULE) -> Told:
    def says(_: Measures) -> Iterable[Finding]:
        raise error

    return Told(rule, says)
