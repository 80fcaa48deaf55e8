"""Thread pools: how many of their threads are taken, who waits for one, and gunicorn's connections that do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.to_thread
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]
from gunicorn.workers.sync import SyncWorker  # type: ignore[import-untyped]

from perfkit.probe import records
from perfkit.probe.entry import gunicorn_
from perfkit.probe.hooks import executors_, gthread_, limiters_
from tests.probe.hooks.recording import Probe


def told(probe: Probe) -> dict[tuple[str, str], tuple[int, ...]]:
    probe.recorder.serve()
    probe.recorder.gauges.take()
    lines = probe.seen().of_kind(records.EVENT_GAUGES)
    return {(line[0], line[1]): tuple(line[2:]) for line in (lines[-1]["seen"] if lines else [])}


def occupied(pool: ThreadPoolExecutor, count: int) -> threading.Event:
    """So many pieces of work that last until the event is set; those that have a thread have begun."""
    may_end = threading.Event()
    begun = threading.Semaphore(0)

    def work() -> None:
        begun.release()
        may_end.wait(10)

    for _ in range(count):
        pool.submit(work)
    for _ in range(min(count, pool._max_workers)):
        assert begun.acquire(timeout=10)
    return may_end


def test_an_executors_threads_at_work_and_its_queue_are_told(probe: Probe) -> None:
    probe.hook(executors_)
    with ThreadPoolExecutor(2, thread_name_prefix="orders") as pool:
        may_end = occupied(pool, 5)

        assert told(probe) == {("thread_pool", "orders (2 threads)"): (2, 3, 2)}
        may_end.set()


def test_an_executor_without_work_is_free(probe: Probe) -> None:
    probe.hook(executors_)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(int).result()

        assert set(told(probe)) == {("thread_pool", "ThreadPoolExecutor (3 threads)")}
        assert executors_.look(pool)[1:] == (0, 3)


def test_tokens_that_are_out_and_tasks_that_wait_for_one_are_told(probe: Probe) -> None:
    probe.hook(limiters_)

    async def main() -> dict[tuple[str, str], tuple[int, ...]]:
        limiter = anyio.CapacityLimiter(2)
        may_end = anyio.Event()
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(hold, limiter, may_end)
            while limiter.statistics().tasks_waiting < 1:
                await anyio.lowlevel.checkpoint()
            seen = told(probe)
            may_end.set()
        return seen

    async def hold(limiter: anyio.CapacityLimiter, may_end: anyio.Event) -> None:
        async with limiter:
            await may_end.wait()

    assert anyio.run(main) == {("thread_pool", "anyio limiter (2 tokens)"): (2, 1, 2)}


class Server:
    """As much of a gthread worker as its queue needs; the rest of gunicorn is in tests/smoke."""

    def __init__(self, handled: list[object]) -> None:
        self.handled = handled


class Connection:
    """Anything that takes an attribute."""


def test_a_connection_that_waits_for_a_thread_is_recorded_of_nobody(probe: Probe, monkeypatch: Any) -> None:
    monkeypatch.setattr(ThreadWorker, "enqueue_req", lambda worker, conn: worker.handled.append(conn))
    monkeypatch.setattr(ThreadWorker, "handle", lambda _worker, conn: conn)
    probe.hook(gthread_)
    probe.recorder.serve()
    ticks = iter([0, gthread_.MIN_WAIT + 1, 0, gthread_.MIN_WAIT])
    probe.recorder.clock = lambda: next(ticks) + 1000
    worker: Any = Server([])

    for _ in range(2):
        ThreadWorker.enqueue_req(worker, Connection())
        ThreadWorker.handle(worker, worker.handled[-1])

    (wait,) = probe.calls("thread_pool")
    assert (wait["request"], wait["name"], wait["wall"]) == (0, "gunicorn threads", gthread_.MIN_WAIT + 1)


def test_a_threaded_worker_has_as_many_slots_as_threads(probe: Probe) -> None:
    worker: Any = Server([])
    with ThreadPoolExecutor(2) as pool:
        worker.tpool = pool
        may_end = occupied(pool, 3)

        gunicorn_.tell_slots(probe.recorder, worker)

        assert told(probe) == {("slots", "gunicorn threads"): (2, 1, 2)}
        may_end.set()


def test_a_sync_worker_has_one_slot(probe: Probe) -> None:
    gunicorn_.tell_slots(probe.recorder, SyncWorker.__new__(SyncWorker))

    assert told(probe) == {("slots", "gunicorn sync worker"): (0, 0, 1)}
    with probe.request():
        assert told(probe) == {("slots", "gunicorn sync worker"): (1, 0, 1)}
