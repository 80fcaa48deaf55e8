"""From what was recorded of both versions to what the regression consists of: pure, so that it can be tried without a server."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.compare.why import judged
from perfkit.compare.why.explanation import CLOCKS, SHARED, Clock, Explanation, FunctionChange, Tree
from perfkit.compare.why.findings import findings
from perfkit.compare.why.functions import Function, Reading, reader, renamed
from perfkit.compare.why.judged import Family
from perfkit.compare.why.parts import breakdowns
from perfkit.compare.why.recorded import Recorded, Seen
from perfkit.compare.why.statements import statements
from perfkit.compare.why.tally import tally
from perfkit.evidence import Missing

SHARED_TITLE: Final = "shared: server, protocol and middleware, no endpoint's own"
MOST_FUNCTIONS: Final = 60
# A picture of fewer is one of chance.
LEAST_SAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class Effort:
    """What was done to find out."""

    lasted: float
    pairs: int
    doubts: tuple[str, ...] = ()


def explain(base: Recorded, head: Recorded, endpoints: Sequence[str], effort: Effort) -> Explanation:
    """`endpoints` are those to be explained, the most interesting first."""
    families = [family for clock in CLOCKS if (family := _family(clock, base, head, endpoints)).tallies]
    changes = {family.clock: tuple(judged.changes(family)) for family in families}
    return Explanation(
        endpoints=tuple(endpoints),
        lasted=effort.lasted,
        pairs=effort.pairs,
        breakdowns=breakdowns(base, head, endpoints),
        functions=ranked(change for found in changes.values() for change in found),
        statements=statements(base, head, endpoints),
        findings=findings(base, head),
        trees=tuple(tree for family in families for tree in _trees(family, changes[family.clock])),
        missing=tuple(_missing(base, head)),
        doubts=effort.doubts,
    )


def ranked(changes: Iterable[FunctionChange]) -> tuple[FunctionChange, ...]:
    """Significant ones first, then those whose own time changed most; what both clocks saw is told by the surer one."""
    best: dict[tuple[str, str, str], FunctionChange] = {}
    for change in changes:
        known = best.get(change.key)
        if known is None or _weight(change) > _weight(known):
            best[change.key] = change
    return tuple(sorted(best.values(), key=_weight, reverse=True)[:MOST_FUNCTIONS])


def _weight(change: FunctionChange) -> tuple[bool, float, float]:
    return change.significant, abs(change.alone.change.value), abs(change.with_calls.change.value)


def _seen(one: Recorded, clock: Clock) -> tuple[Seen, ...] | Missing:
    return one.stacks if clock == "processor" else one.trees


def _family(clock: Clock, base: Recorded, head: Recorded, endpoints: Sequence[str]) -> Family:
    ours, theirs = _seen(base, clock), _seen(head, clock)
    if isinstance(ours, Missing) or isinstance(theirs, Missing):
        return Family(clock, {})
    readings = _readings(base, head, ours, theirs)
    tallies = {endpoint: tally(endpoint, ours, theirs, readings) for endpoint in (*endpoints, SHARED)}
    return Family(clock, {endpoint: found for endpoint, found in tallies.items() if found is not None})


def _readings(base: Recorded, head: Recorded, ours: Sequence[Seen], theirs: Sequence[Seen]) -> tuple[Reading, Reading]:
    """Both versions' frames under the names that head has for its files."""
    plain = reader(base.roots), reader(head.roots)
    moved = renamed(_functions(ours, plain[0]), _functions(theirs, plain[1]))
    return reader(base.roots, moved), plain[1]


def _functions(seen: Sequence[Seen], reading: Reading) -> Iterator[Function]:
    texts = {text for one in seen for rows in one.by_endpoint.values() for text in rows["stack"].explode().drop_nulls().unique()}
    return (reading(text).function for text in texts)


def _trees(family: Family, changes: Sequence[FunctionChange]) -> Iterator[Tree]:
    for endpoint in family.tallies:
        found = judged.tree(endpoint, endpoint or SHARED_TITLE, family, changes)
        if sum(found.samples) >= LEAST_SAMPLES:
            yield found


def _missing(base: Recorded, head: Recorded) -> Iterator[str]:
    for clock, title in CLOCKS.items():
        for one in (base, head):
            seen = _seen(one, clock)
            if isinstance(seen, Missing):
                yield f"{title}, {one.side}: {seen.why}"
