"""What is counted and written down of each request, and for which phase."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from perfkit.load.exchange import Exchange
from perfkit.load.plane.ledger import Ledger
from perfkit.load.recorder import DTYPE, Recorder


@dataclass(frozen=True)
class Step:
    flow: str = "browse"
    step: str = "browse[1]"
    endpoint: str = "GET /"
    method: str = "GET"
    named: bool = False


def an_exchange(due: float) -> Exchange:
    exchange = Exchange(1)
    exchange.step = Step()
    exchange.intended_at = due
    exchange.status = 200
    return exchange


def phases_on_record(recorder: Recorder) -> list[str]:
    rows = np.frombuffer(b"".join(recorder.flush()), dtype=DTYPE)
    return [recorder.names[number] for number in rows["phase"]]


def test_each_phase_has_counts_of_its_own(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 0)
    ledger = Ledger(recorder)
    ledger.begin("warm-up", 10.0)
    ledger.begin("measure", 20.0)

    for due in (12.0, 21.0, 22.0):
        exchange = an_exchange(due)
        ledger.left(exchange)
        ledger.ended(exchange)
    ledger.dropped(13.0)
    ledger.unsent(an_exchange(23.0))

    assert phases_on_record(recorder) == ["warm-up", "measure", "measure"]
    warm_up, measure = ledger.counts["warm-up"], ledger.counts["measure"]
    assert (warm_up.offered, warm_up.sent, warm_up.dropped) == (2, 1, 1)
    assert (measure.offered, measure.sent, measure.dropped) == (3, 2, 0)


def test_a_request_that_left_just_before_its_phase_was_entered_is_counted_where_it_is_recorded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 0)
    ledger = Ledger(recorder)
    ledger.begin("warm-up", 10.0)
    exchange = an_exchange(20.0)
    ledger.left(exchange)

    ledger.begin("measure", 20.0)
    ledger.ended(exchange)

    assert phases_on_record(recorder) == ["measure"]
    assert (ledger.counts["warm-up"].sent, ledger.counts["measure"].sent) == (0, 1)


def test_records_survive_the_turning_of_pages(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, 0)
    ledger = Ledger(recorder)
    ledger.begin("measure", 0.0)

    seen = 0
    for number in range(10_000):
        ledger.ended(an_exchange(float(number)))
        if number % 3000 == 0:
            seen += len(phases_on_record(recorder))

    assert seen + len(phases_on_record(recorder)) == 10_000
