"""What a lost worker would have sent: counted from the schedule, no clock."""

from typing import Any

from perfkit.load.compile import segments
from perfkit.load.many.missed import arrivals
from perfkit.load.plan import Segment
from perfkit.load.share import Share
from perfkit.scenario.model import Scenario


def planned(*stages: dict[str, Any]) -> tuple[Segment, ...]:
    whole = {"perfkit": 1, "target": "http://127.0.0.1:9", "get": ["/"], "load": list(stages)}
    return segments(Scenario.model_validate(whole), "default", 2.0)


def test_of_the_measure_phase_only_and_of_the_workers_share_only() -> None:
    whole = planned({"rate": "30/s", "for": "1s", "warmup": True}, {"rate": "100/s", "for": "2s", "arrivals": "even"})

    counts = [arrivals(whole, 0, Share(worker, 2), -1.0, 99.0) for worker in range(2)]
    later = [arrivals(whole, 0, Share(worker, 2), 0.995, 99.0) for worker in range(2)]

    assert sum(counts) == 200
    assert sum(later) == 100
    assert abs(counts[0] - counts[1]) <= 1


def test_what_comes_after_the_end_was_not_missed() -> None:
    whole = planned({"rate": "100/s", "for": "1s", "arrivals": "even"}, {"rate": "10/s", "for": "1s", "arrivals": "even"})

    assert arrivals(whole, 0, Share(0, 1), 0.495, 1.05) == 50 + 1


def test_closed_load_has_no_schedule_to_miss() -> None:
    assert arrivals(planned({"users": 5, "for": "1s"}), 0, Share(0, 2), 0.0, 1.0) == 0
