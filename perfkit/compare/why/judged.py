"""Which functions surely changed, and the merged tree in which only those have a colour.

The unit of replication is the pair of stretches: of every function the seconds per request (with all it calls) of base's stretch
and of head's next to it, Student's t over the pairs (stats/replicated.py); on the processor no surer than the number of samples
allows (two Poisson counts). All functions of all endpoints that one profiler saw often enough are one family, of which at most
5 % of those shown as changed are false ones (Benjamini and Hochberg, JRSS B 57, 1995). Changes below 2 % of the endpoint's time
are never shown as sure: two processes of one version differ by as much (research for comparisons, 0.6). A frame of the tree has a
colour when its function changed, and the interval of its own path excludes zero besides.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from perfkit.compare.why.explanation import Branch, Clock, FunctionChange, State, Tree, placed
from perfkit.compare.why.functions import Frame, Function
from perfkit.compare.why.tally import BASE, HEAD, Node, Spent, Tally
from perfkit.stats.holm import benjamini_hochberg
from perfkit.stats.replicated import Difference, p_of_counts

FALSE_SHARE: Final = 0.05
FLOOR: Final = 0.02
# Fewer samples in both versions together cannot differ surely, and would only enlarge the family.
FEWEST_SAMPLES: Final = 12
# With no sample in base: were base's rate head's, that would happen once in 2^8.
SURELY_NEW: Final = 8
# Narrower than a pixel on most screens.
NARROWEST: Final = 0.002


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """What one profiler saw, by endpoint."""

    clock: Clock
    tallies: Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class _Tested:
    endpoint: str
    function: Function
    with_calls: Difference
    p: float


def changes(family: Family) -> Iterator[FunctionChange]:
    """Every function that was seen often enough; nothing is hidden because it did not change."""
    tested = [one for endpoint, tally in family.tallies.items() for one in _tested(family.clock, endpoint, tally)]
    for one, p in zip(tested, benjamini_hochberg([one.p for one in tested]), strict=True):
        yield _change(family, one, significant=p <= FALSE_SHARE and _is_large(one.with_calls, family.tallies[one.endpoint]))


def _change(family: Family, one: _Tested, *, significant: bool) -> FunctionChange:
    tally, function = family.tallies[one.endpoint], one.function
    spent = tally.with_calls[function]
    alone = tally.alone.get(function)
    return FunctionChange(
        endpoint=one.endpoint,
        clock=family.clock,
        name=function.name,
        file=function.file,
        line=spent.line,
        is_own=function.is_own,
        state=_state(spent),
        with_calls=one.with_calls,
        alone=tally.nothing if alone is None else tally.per_request(alone),
        significant=significant,
        new_call=_new_call(tally.callers.get(function)) if significant and one.with_calls.is_rise else "",
    )


def _tested(clock: Clock, endpoint: str, tally: Tally) -> Iterator[_Tested]:
    for function, spent in tally.with_calls.items():
        if sum(spent.samples) < FEWEST_SAMPLES:
            continue
        with_calls = tally.per_request(spent)
        p = with_calls.p
        if clock == "processor":
            # Of call trees the time is measured, and only where it went is sampled: nothing there is counted.
            p = max(p, p_of_counts(spent.samples[BASE], spent.samples[HEAD], tally.share_of_head))
        yield _Tested(endpoint, function, with_calls, p)


def _is_large(change: Difference, tally: Tally) -> bool:
    whole = tally.per_request(tally.root.spent)
    return abs(change.change.value) >= FLOOR * min(whole.base, whole.head)


def _state(spent: Spent) -> State:
    if spent.samples[BASE] == 0 and spent.samples[HEAD] >= SURELY_NEW:
        return "new"
    return "gone" if spent.samples[HEAD] == 0 and spent.samples[BASE] >= SURELY_NEW else "changed"


def _new_call(callers: tuple[Counter[Frame], Counter[Frame]] | None) -> str:
    """The line of the user's own that calls it in head, when no sample of base saw that function call it."""
    if callers is None:
        return ""
    before = {frame.function for frame in callers[BASE]}
    fresh = Counter({frame: samples for frame, samples in callers[HEAD].items() if frame.function not in before})
    if fresh.total() < SURELY_NEW:
        return ""
    caller = max(fresh, key=lambda frame: (fresh[frame], -frame.line))
    return f"{caller.function.file}:{caller.line} in {caller.function.name}"


def tree(endpoint: str, title: str, family: Family, changed: Iterable[FunctionChange]) -> Tree:
    """Both versions' stacks of one endpoint."""
    tally = family.tallies[endpoint]
    sure = {(one.name, one.file) for one in changed if one.significant and one.endpoint == endpoint}
    whole = tally.per_request(tally.root.spent)
    narrowest = NARROWEST * max(whole.base, whole.head)
    return Tree(
        endpoint=endpoint,
        clock=family.clock,
        root=Branch(
            title,
            "",
            is_own=False,
            base=whole.base,
            head=whole.head,
            change=None,
            children=_branches(tally.root, tally, sure, narrowest),
        ),
        samples=(tally.root.spent.samples[BASE], tally.root.spent.samples[HEAD]),
        significant=len(sure),
    )


def _branches(node: Node, tally: Tally, sure: set[tuple[str, str]], narrowest: float) -> tuple[Branch, ...]:
    found: list[Branch] = []
    for function, child in node.children.items():
        spent = tally.per_request(child.spent)
        if max(spent.base, spent.head) < narrowest:
            continue
        changed = (function.name, function.file) in sure and spent.change.excludes(0.0)
        found.append(
            Branch(
                name=function.name,
                place=placed(function.file, child.spent.line),
                is_own=function.is_own,
                base=spent.base,
                head=spent.head,
                change=spent.change.value if changed else None,
                children=_branches(child, tally, sure, narrowest),
            )
        )
    return tuple(found)
