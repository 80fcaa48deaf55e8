"""COUNT mode: each request's calls and memory, exactly, and one request at a time."""

import asyncio
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from perfkit.probe import asgi, carriers, records, wsgi
from perfkit.probe.flusher import FLUSH_EVERY, Flusher
from perfkit.probe.recorder import Recorder
from tests import probe_reader


@pytest.fixture
def recorder(tmp_path: Path) -> Any:
    made = Recorder(str(tmp_path))
    made.control = bytes([records.COUNT]) + bytes(records.CONTROL_SIZE - 1)
    yield made
    made.flusher.running = False
    made.counts.over()


@pytest.fixture(autouse=True)
def alone() -> None:
    """The threads of recorders that other tests made allocate too, and tracemalloc knows no threads."""
    running = [one for one in gc.get_objects() if isinstance(one, Flusher) and one.running]
    for flusher in running:
        flusher.running = False
    if running:
        time.sleep(2 * FLUSH_EVERY)


def nothing(*_: Any) -> None:
    """The server's start_response."""


def asked(recorder: Any, work: Callable[[], object], number: int = 1) -> None:
    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        work()
        return [b"done"]

    wsgi.wrap(app, recorder)({"REQUEST_METHOD": "GET", "HTTP_X_PERFKIT_ID": f"{number:016x}"}, nothing)


def counted(recorder: Any) -> list[dict[str, Any]]:
    recorder.flusher.flush()
    return [event for event in probe_reader.read(Path(recorder.directory)).events if event["kind"] == records.EVENT_COUNTED]


def called() -> None:
    """One call of the target's own."""


def calls(times: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(times):
            called()

    return work


def in_pool(pool: ThreadPoolExecutor, times: int) -> None:
    pool.submit(calls(times)).result()


def test_the_same_request_counts_the_same_and_more_calls_count_more(recorder: Any) -> None:
    asked(recorder, calls(10))
    for number, times in enumerate((10, 10, 25), 1):
        asked(recorder, calls(times), number)

    first, second, third = counted(recorder)[1:]
    assert first["calls"] == second["calls"] == third["calls"] - 15
    assert [event["id"] for event in (first, second, third)] == [1, 2, 3]


def test_memory_is_what_the_request_had_at_its_highest(recorder: Any) -> None:
    asked(recorder, lambda: bytearray(1_000))
    asked(recorder, lambda: bytearray(500_000))

    small, large = counted(recorder)
    assert 498_000 < large["peak"] - small["peak"] < 501_000


def test_all_that_was_allocated_counts_also_when_it_was_given_back(recorder: Any) -> None:
    def kibibytes() -> int:
        return len([bytes(1024) for _ in range(100)])

    def work(times: int) -> None:
        for _ in range(times):
            kibibytes()

    for times in (1, 1, 2, 10):
        asked(recorder, partial(work, times))

    once, twice, often = counted(recorder)[1:]
    each = 100 * (1024 + 33)
    assert twice["allocated"] - once["allocated"] == pytest.approx(each, rel=0.02)
    assert often["allocated"] - once["allocated"] == pytest.approx(9 * each, rel=0.02)
    assert often["peak"] == pytest.approx(once["peak"], rel=0.02)


def test_calls_as_such_allocate_nothing_to_speak_of(recorder: Any) -> None:
    for times in (10, 10, 1010):
        asked(recorder, calls(times))

    few, many = (event["allocated"] for event in counted(recorder)[1:])
    assert abs(many - few) < 100_000


def test_what_the_probes_own_thread_allocates_is_not_the_requests(recorder: Any) -> None:
    turns: list[bytes] = []
    recorder.flusher.watch = lambda: turns.append(bytes(1_000_000))
    recorder.flusher.errands.clear()
    for _ in range(3):
        asked(recorder, lambda: time.sleep(2 * FLUSH_EVERY))

    assert all(event["allocated"] < 100_000 and event["peak"] < 500_000 for event in counted(recorder)[1:])
    time.sleep(2 * FLUSH_EVERY)
    assert turns


def test_tracing_is_left_alone_from_request_to_request_and_stops_with_the_mode(recorder: Any) -> None:
    asked(recorder, lambda: None)
    assert tracemalloc.is_tracing()
    recorder.flusher.watch()
    assert tracemalloc.is_tracing()

    recorder.control = bytes([records.MEASURE]) + recorder.control[1:]
    recorder.flusher.watch()
    assert not tracemalloc.is_tracing()


def test_what_stays_is_told_in_blocks(recorder: Any) -> None:
    kept: list[object] = []
    asked(recorder, lambda: None)
    asked(recorder, lambda: kept.extend([object() for _ in range(1000)]))

    nothing_kept, something_kept = counted(recorder)
    assert 900 < something_kept["kept"] - nothing_kept["kept"] < 1200


def test_everything_is_as_before_when_the_request_is_over(recorder: Any) -> None:
    def failing() -> None:
        raise LookupError("its own")

    with pytest.raises(LookupError):
        asked(recorder, failing)

    assert sys.getprofile() is None
    assert gc.isenabled()
    assert len(counted(recorder)) == 1


def test_work_on_other_threads_counts(recorder: Any) -> None:
    patches = carriers.install_executors(recorder)
    try:
        with ThreadPoolExecutor(1) as pool:
            asked(recorder, partial(in_pool, pool, 5))
            for times in (5, 5, 105):
                asked(recorder, partial(in_pool, pool, times))
    finally:
        patches()

    one, same, more = (event["calls"] for event in counted(recorder)[1:])
    assert 90 < more - one < 110
    assert abs(same - one) < 10


def test_a_profiler_of_the_targets_own_is_left_alone(recorder: Any) -> None:
    def own(*_: Any) -> None:
        """It sees what it likes."""

    sys.setprofile(own)
    try:
        asked(recorder, calls(3))
        still = sys.getprofile()
    finally:
        sys.setprofile(None)

    assert still is own
    (event,) = counted(recorder)
    assert event["calls"] == (-1 if sys.version_info < (3, 12) else event["calls"])


def test_an_asynchronous_request_counts_over_its_pauses(recorder: Any) -> None:
    async def served(times: int) -> None:
        async def app(_scope: Any, _receive: Any, send: Any) -> None:
            calls(times)()
            await asyncio.sleep(0)
            calls(times)()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"done"})

        async def send(_message: Any) -> None:
            """The server's."""

        scope = {"type": "http", "method": "GET", "headers": [(b"x-perfkit-id", b"%016x" % times)]}
        await asgi.wrap(app, recorder)(scope, None, send)

    async def several() -> None:
        for times in (5, 6, 6, 16):
            await served(times)

    asyncio.run(several())

    _, first, same, more = (event["calls"] for event in counted(recorder))
    assert same == first
    assert more == first + 20


def test_a_request_that_comes_while_another_is_counted_is_served_uncounted(recorder: Any) -> None:
    asked(recorder, lambda: recorder.counts.begin(None).call(called), number=7)

    (event,) = counted(recorder)
    assert event["id"] == 7


def test_the_light_mode_counts_nothing(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path))

    asked(recorder, calls(3))

    assert counted(recorder) == []
