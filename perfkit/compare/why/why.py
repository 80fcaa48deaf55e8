"""Why it became slower: what regressed is profiled in both versions while they are still up, and explained; nothing else is."""

from collections.abc import Callable, Iterator
from typing import Final

from perfkit.compare.comparison import Comparison
from perfkit.compare.metric import EVERY
from perfkit.compare.places import Place
from perfkit.compare.side import Pair
from perfkit.compare.why.explain import Effort, explain
from perfkit.compare.why.explanation import Explanation
from perfkit.compare.why.observe import LONGEST, PAIRS, Watched, watch
from perfkit.compare.why.recorded import profiles, recorded
from perfkit.errors import PerfkitError
from perfkit.evidence import Missing, Table
from perfkit.stats.outcome import Outcome
from perfkit.units import show_time

NOTHING_REGRESSED: Final = Missing("nothing regressed, so no time was spent on profiles (--why profiles all the same)")
NOT_WANTED: Final = Missing("--no-why left it out")
NOT_OURS: Final = Missing("perfkit did not start both versions, so it cannot see into their processes")
NO_COUNT: Final = frozenset({"bytes"})  # what a profile has nothing to say about


def why(
    pair: Pair, comparison: Comparison, pairs: Table, *, wanted: bool | None,
    tell: Callable[[str], None], during: Callable[[str], Callable[[float], None]],
) -> Explanation | Missing:  # fmt: skip
    """`wanted` None explains what regressed, True everything, False nothing; it never ends a comparison that can be judged."""
    if wanted is False:
        return NOT_WANTED
    endpoints = everything(comparison) if wanted else regressed(comparison)
    if not (wanted or endpoints):
        tell(NOTHING_REGRESSED.why)
        return NOTHING_REGRESSED
    if not (pair.base.target.launched and pair.head.target.launched):
        return NOT_OURS
    size = burst_of(comparison, endpoints)
    on_progress = during(f"profiling both to see why, {show_time(LONGEST)} at most")
    try:
        watched = watch(pair, size, plain=isinstance(pairs, Missing), on_progress=on_progress)
        base, head = (recorded(side, pair, watched, pairs) for side in (pair.base, pair.head))
        Place(pair.base.directory.path.parent).keep("profiles", profiles(base, head))
    except PerfkitError as error:
        return Missing(error.message)
    # Where nothing was timed nobody has named the endpoints yet: those that were asked, most of the time first.
    endpoints = endpoints or tuple(base.measures.endpoints["endpoint"])
    return explain(base, head, endpoints, Effort(watched.lasted, len(watched.profiled) // 2, tuple(_doubts(watched, size))))


def regressed(comparison: Comparison) -> tuple[str, ...]:
    """Endpoints with a gated figure that became worse and that a profile can say something about; counted ones first."""
    counted = [
        one.change.endpoint
        for one in comparison.counted
        if one.gated and one.outcome == "regressed" and one.change.counter not in NO_COUNT
    ]
    timed = () if comparison.unstable else [test.endpoint for test in comparison.gated if test.outcome is Outcome.REGRESSED]
    found = dict.fromkeys((*counted, *timed))
    return tuple(one for one in found if one != EVERY) or (everything(comparison) if EVERY in found else ())


def everything(comparison: Comparison) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys((*(one.endpoint for one in comparison.details), *(one.change.endpoint for one in comparison.counted)))
    )


def burst_of(comparison: Comparison, endpoints: tuple[str, ...]) -> int:
    """How many at once: one, unless nothing but bursts became slower; then the smallest of these."""
    if comparison.unstable:
        return 1
    found = [test for test in comparison.gated if test.outcome is Outcome.REGRESSED and test.endpoint in (*endpoints, EVERY)]
    sizes = {test.metric.size for test in found}
    return min(sizes) if sizes and 0 not in sizes else 1


def _doubts(watched: Watched, size: int) -> Iterator[str]:
    pairs = len(watched.profiled) // 2
    if watched.cut_short:
        yield f"only {pairs} of {PAIRS} pairs of stretches fitted into {show_time(LONGEST)}: less can be told from chance"
    if size > 1:
        yield f"profiled with {size} requests at once, since it is then that it is slower"
    if watched.plain:
        yield "nothing was alternated, so the parts of the time rest on a few seconds"
    yield from _of_py_spy(watched)


def _of_py_spy(watched: Watched) -> Iterator[str]:
    """What it said of single stretches, once."""
    said = {
        (place, status)
        for place, one in enumerate(watched.profiled)
        for observer, status in one.directory.notes().items()
        if observer.startswith("stacks of pid")
    }
    if said:
        count = len({place for place, _ in said})
        yield f"py-spy doubts {count} of {len(watched.profiled)} stretches, for one: {min(status for _, status in said)}"
