"""Parts that are exactly the whole."""

import contextlib
from collections.abc import Mapping
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from perfkit.errors import LoadError
from perfkit.load.compile import compile_plan, divided, segments
from perfkit.load.plan import schedule
from perfkit.load.share import WHOLE, Share
from perfkit.scenario.feeders import Exhausted, Feed
from perfkit.scenario.feeders import Table as Rows
from perfkit.scenario.model import Feeder, Scenario

users = count(1)
OPEN: Mapping[str, Any] = {"rate": "40/s -> 90/s over 3s"}


def a_scenario(*stages: Mapping[str, Any], **parts: Any) -> Scenario:
    return Scenario.model_validate({"perfkit": 1, "target": "http://127.0.0.1:9", "get": ["/"], "load": list(stages), **parts})


def parts(of: int) -> list[Share]:
    return [Share(worker, of) for worker in range(of)]


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_the_parts_of_a_limit_add_up_to_it(of: int) -> None:
    assert all(sum(share.part(whole) for share in parts(of)) == whole for whole in range(50))


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_user_has_one_worker(of: int) -> None:
    assert sorted(number for share in parts(of) for number in share.users(20)) == list(range(1, 21))
    assert sorted(share.user(hired) for share in parts(of) for hired in range(1, 5)) == list(range(1, 4 * of + 1))


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_arrival_has_one_worker_whatever_the_segments_before(of: int) -> None:
    planned = segments(a_scenario({**OPEN, "warmup": True}, {"rate": "50/s", "for": "2s", "arrivals": "even"}), "default", 0)
    whole = [(offset, number) for number, offset in enumerate(schedule(planned[1], 0), 137)]

    mine = [list(share.arrivals(zip(schedule(planned[1], 0), count(137), strict=False), 137)) for share in parts(of)]

    assert sorted(arrival for arrivals in mine for arrival in arrivals) == whole
    assert all(number % of == worker for worker, arrivals in enumerate(mine) for _, number in arrivals)


def test_evenly_spaced_arrivals_stay_evenly_spaced() -> None:
    (segment,) = segments(a_scenario({"rate": "50/s", "for": "2s", "arrivals": "even"}), "default", 0)

    offsets = [offset for offset, _ in Share(1, 4).arrivals(zip(schedule(segment, 0), count(), strict=False), 0)]

    assert [later - earlier for earlier, later in pairwise(offsets)] == pytest.approx([0.08] * 24)


def test_one_worker_takes_everything_as_it_is() -> None:
    planned = segments(a_scenario(OPEN), "default", 0)

    assert divided(planned, WHOLE) is planned


def test_limits_are_divided_and_one_that_cannot_be_is_refused() -> None:
    planned = segments(a_scenario({**OPEN, "max_in_flight": 5}), "default", 0)

    assert [divided(planned, share)[0].max_in_flight for share in parts(3)] == [2, 2, 1]
    with pytest.raises(LoadError, match="max_in_flight: 5 cannot be divided among 6 generator processes"):
        divided(planned, Share(0, 6))


@pytest.mark.parametrize("pick", ["sequential", "unique_per_user"])
def test_no_row_is_handed_out_twice(pick: Any) -> None:
    table = Rows(("id",), tuple({"id": str(number)} for number in range(10)))
    feeder = Feeder(csv="unused.csv", pick=pick, on_exhausted="stop_user")
    feeds = [Feed(feeder, table, share.worker, share.of) for share in parts(3)]

    taken = [value for feed in feeds for value in all_of(feed)]

    assert sorted(map(int, taken)) == list(range(10))
    assert all_of(feeds[0]) == []


def all_of(feed: Feed) -> list[str]:
    """Until none is left; each time for another user."""
    taken: list[str] = []
    with contextlib.suppress(Exhausted):
        while True:
            taken.append(str(feed.row(next(users), Random(0))["id"]))
    return taken


def test_a_plan_knows_its_share(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id\na\nb\nc\n")
    scenario = a_scenario(OPEN, data={"ids": {"csv": str(rows)}})

    plan = compile_plan(scenario, "default", 0, "run", Share(1, 2))

    assert [plan.feeds["ids"].row(1, Random(0))["id"] for _ in range(3)] == ["b", "a", "c"]
    assert plan.segments[0].max_in_flight == 500
