"""What the probe tells of limited things: the fullest of each name, and nothing of what is gone."""

from pathlib import Path
from typing import Any

import pytest

from perfkit.probe import gauges, gil, records
from perfkit.probe.gauges import MAX_WATCHED, Naps
from perfkit.probe.recorder import Recorder
from tests import probe_reader

NAP, LIMIT = 20_000_000, 500_000


class Thing:
    """Something limited: so much is used of so much, and so many wait."""

    def __init__(self, used: int, size: int, waiting: int = 0) -> None:
        self.figures = (used, waiting, size)


def look(thing: Thing) -> tuple[int, int, int]:
    return thing.figures


def broken_look(_: Thing) -> tuple[int, int, int]:
    raise AttributeError("a library that has changed")


def place(_: Thing) -> str:
    return "shop.py:1"


@pytest.fixture
def recorder(tmp_path: Path) -> Any:
    recorder = Recorder(str(tmp_path))
    recorder.serve()
    return recorder


def told(recorder: Any) -> list[list[Any]]:
    recorder.gauges.take()
    recorder.flusher.flush()
    seen = probe_reader.read(Path(recorder.directory))
    lines = seen.of_kind(records.EVENT_GAUGES)
    return lines[-1]["seen"] if lines else []


def test_of_things_with_one_name_the_fullest_is_told(recorder: Any) -> None:
    half, full = Thing(5, 10), Thing(2, 2, 3)
    for thing in (half, full):
        recorder.gauges.watch(thing, records.POOL, "orders", look)

    assert told(recorder) == [["pool", "orders", 2, 3, 2]]


def test_a_thing_that_is_gone_is_not_told(recorder: Any) -> None:
    thing = Thing(1, 1)
    recorder.gauges.watch(thing, records.LOCK_HELD, place, look)
    assert told(recorder) == [["lock", "shop.py:1", 1, 0, 1]]

    del thing

    recorder.gauges.take()
    assert not recorder.gauges._watched


def test_a_thing_without_a_limit_is_not_told(recorder: Any) -> None:
    endless = Thing(5, 0)
    recorder.gauges.watch(endless, records.POOL, "endless", look)

    assert told(recorder) == []


def test_a_gauge_that_fails_is_a_fault_and_the_others_are_told(recorder: Any) -> None:
    broken, sound = Thing(1, 1), Thing(1, 1)
    recorder.gauges.watch(broken, records.POOL, "broken", broken_look)
    recorder.gauges.watch(sound, records.POOL, "sound", look)

    assert told(recorder) == [["pool", "sound", 1, 0, 1]]
    faults = probe_reader.read(Path(recorder.directory)).of_kind("fault")
    assert [fault["where"] for fault in faults] == ["gauge of pool"]


def test_a_lock_for_each_of_a_million_objects_costs_bounded_memory(recorder: Any) -> None:
    things = [Thing(0, 1) for _ in range(MAX_WATCHED + 10)]

    for thing in things:
        recorder.gauges.watch(thing, records.LOCK_HELD, "shop.py:1", look)

    assert len(recorder.gauges._watched) == MAX_WATCHED


def test_naps_that_end_on_time_found_it_free() -> None:
    naps = Naps(NAP, LIMIT)

    for _ in range(3):
        naps.woke(LIMIT)

    assert naps.take() == (0, 0, 3 * NAP)
    assert naps.take() is None  # told once


def test_a_nap_that_ends_late_counts_as_busy_with_its_wait() -> None:
    naps = Naps(NAP, LIMIT)

    naps.woke(0)
    naps.woke(5_000_000)

    assert naps.take() == (NAP + 5_000_000, 0, 2 * NAP + 5_000_000)


def test_long_blocks_count_with_all_of_their_length() -> None:
    naps = Naps(NAP, LIMIT)

    for _ in range(40):
        naps.woke(0)
    naps.woke(190_000_000)  # one block of about 200 ms in a second

    taken = naps.take()
    assert taken is not None
    busy, _, total = taken
    assert busy / total == pytest.approx(0.2, abs=0.02)


def test_a_process_that_serves_from_one_thread_is_not_asked_for_its_lock(recorder: Any) -> None:
    holder = gil.Holder()

    holder.look_after(recorder, threads=1)

    assert not holder.running


def test_green_threads_do_not_share_the_lock(recorder: Any) -> None:
    holder = gil.Holder()
    recorder.greenlets = True

    holder.look_after(recorder, threads=8)

    assert not holder.running


def test_every_thread_that_serves_is_counted_once(recorder: Any) -> None:
    for _ in range(3):
        recorder.end(recorder.begin("GET", None, None))

    assert recorder.threads == 1


def test_how_long_things_are_out_is_added_up_and_not_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000]
    monkeypatch.setattr(gauges, "clock", lambda: now[0])
    holds: Any = gauges.Holds()
    one, another = object(), object()

    holds.taken(one)
    now[0] += 250
    holds.taken(another)
    now[0] += 250
    holds.back(one)
    now[0] += 500

    assert holds.take() == 1.25  # 500 of one and 750 of another, which is out still, in 1000
    now[0] += 1000
    assert holds.take() == 1.0
    holds.back(another)
    holds.back(another)  # whoever was never taken is not counted
    assert holds.take() == 0.0
