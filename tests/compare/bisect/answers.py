"""Answers as searches leave them, of a line that no repository has."""

from pathlib import Path

from bench.compare.known_line import KnownLine
from perfkit.compare.bisect import conclusion
from perfkit.compare.bisect.answer import Answer, Made, Verdict
from perfkit.compare.bisect.crossing import Crossing, Mark
from perfkit.compare.bisect.line import Commit, Line
from perfkit.compare.sources import Source

MARK = Mark("GET /orders", "statements", 3, 14, "new: SELECT * FROM lines at shop/orders.py:41")


def a_line(commits: int = 16, between: int | None = None) -> Line:
    made = [
        Commit(
            f"{number:07x}" + "0" * 33,
            f"t{number}",
            f"t{number}",
            (f"{number - 1:040x}",),
            "2026-11-01T10:00:00+00:00",
            f"change {number}",
        )
        for number in range(1, commits + 1)
    ]
    good, bad = Source("revision", "v1", "a" * 40), Source("revision", "main", made[-1].hash)
    return Line(Path("shop"), good, bad, "t0", tuple(made), between or commits)


def searched(steps: dict[int, float], error: float = 0.003, most: int = 15, broken: frozenset[int] = frozenset()) -> Answer:
    """A real search on a known machine, and what it concludes."""
    search = KnownLine(steps, error, 1).search(commits=16, most=most, broken=broken)
    made = [Made(one.place, one.value, one.error, 30.0) for one in search.observations]
    failed = tuple((place, "it cannot be built") for place in sorted(search.untellable))
    before = Answer(Verdict.OPEN, a_line(), endpoint="GET /orders", metric="server_time", failed=failed)
    return conclusion.of_search(before, search, made)


def counted(planted: int, untellable: frozenset[int] = frozenset(), asked: int = 99) -> Answer:
    crossing = Crossing(16, MARK, untellable)
    made = [Made(16, MARK.bad, 0.0, 5.0)]
    while (place := crossing.next()) is not None and len(made) <= asked:
        made.append(Made(place, MARK.bad if place >= planted else MARK.good, 0.0, 5.0))
        crossing.take(place, made[-1].value)
    return conclusion.of_crossing(Answer(Verdict.OPEN, a_line()), crossing, made)
