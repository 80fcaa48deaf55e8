"""Locks of the application: what they do stays the same, waits are recorded, and other people's locks are left alone."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from perfkit.probe import gauges
from perfkit.probe.hooks import locks_
from tests.probe.hooks.recording import Probe

PLAIN, PLAIN_REENTRANT = threading.Lock, threading.RLock
KINDS = ("Lock", "RLock")


@pytest.fixture
def watching(probe: Probe) -> Iterator[Probe]:
    probe.hook(locks_)
    yield probe
    probe.stop()
    assert threading.Lock is PLAIN
    assert threading.RLock is PLAIN_REENTRANT


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The clock: stands still until a test moves it."""
    moment = [1_000]
    for module in (locks_, gauges):
        monkeypatch.setattr(module, "clock", lambda: moment[0])
    return moment


def made(kind: str) -> Any:
    return getattr(threading, kind)()


def held_elsewhere(lock: Any) -> tuple[threading.Thread, threading.Event]:
    """A thread that has the lock until it is told to let go."""
    has, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            has.set()
            may_end.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert has.wait(10)
    return thread, may_end


def release_once_somebody_waits(lock: Any, may_end: threading.Event) -> None:
    while not locks_.look(lock)[1]:
        may_end.wait(0.001)
    may_end.wait(0.001)  # longer than what is too short to be a wait
    may_end.set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_that_is_free_leaves_no_record(watching: Probe, kind: str) -> None:
    lock = made(kind)

    with watching.request(), lock:
        assert lock.locked()

    assert not lock.locked()
    assert watching.calls("lock") == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_wait_belongs_to_its_request_and_names_the_lock(watching: Probe, kind: str) -> None:
    lock = made(kind)
    thread, may_end = held_elsewhere(lock)
    releasing = threading.Thread(target=release_once_somebody_waits, args=(lock, may_end))
    releasing.start()

    with watching.request() as request, lock:
        pass

    thread.join()
    releasing.join()
    (wait,) = watching.calls("lock")
    assert wait["request"] == request.sequence
    assert wait["wall"] > locks_.SHORTEST_WAIT
    assert wait["name"].endswith(f"test_locks.py:{made.__code__.co_firstlineno + 1}")
    assert "test_locks.py" in wait["site"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_that_is_held_answers_as_before(watching: Probe, kind: str) -> None:
    lock = made(kind)
    thread, may_end = held_elsewhere(lock)

    assert lock.acquire(blocking=False) is False
    assert lock.acquire(timeout=0.01) is False
    assert lock.acquire(True, 0.01) is False

    may_end.set()
    thread.join()
    assert lock.acquire() is True
    lock.release()


def test_a_reentrant_lock_is_taken_twice_by_its_thread(watching: Probe) -> None:
    lock: Any = threading.RLock()

    with lock, lock:
        assert lock.acquire(False)
        lock.release()

    assert not lock.locked()


def test_wrong_arguments_are_refused_as_before(watching: Probe) -> None:
    lock: Any = threading.Lock()

    with pytest.raises(ValueError, match="timeout"):
        held(lock).acquire(True, -2)
    with pytest.raises(RuntimeError):
        threading.Lock().release()


def held(lock: Any) -> Any:
    lock.acquire()
    return lock


@pytest.mark.parametrize("kind", KINDS)
def test_a_condition_of_an_own_lock_waits_and_is_woken(watching: Probe, kind: str) -> None:
    condition = threading.Condition(made(kind))
    seen: list[str] = []

    def wait() -> None:
        with condition:
            condition.wait_for(lambda: "set" in seen, 10)
            seen.append("woken")

    thread = threading.Thread(target=wait)
    thread.start()
    with condition:
        seen.append("set")
        condition.notify_all()
    thread.join(10)

    assert seen == ["set", "woken"]


def test_locks_of_the_standard_library_stay_what_they_are(watching: Probe) -> None:
    made_elsewhere: dict[str, Any] = {}
    code = compile("import threading\nlock = threading.Lock()", threading.__file__, "exec")

    exec(code, made_elsewhere)

    assert type(made_elsewhere["lock"]) is type(PLAIN())


def test_both_kinds_are_locks_to_who_asks(watching: Probe) -> None:
    kind: Any = threading.Lock

    assert isinstance(threading.Lock(), kind)
    assert isinstance(PLAIN(), kind)
    assert not isinstance(object(), kind)


def test_for_how_much_of_the_time_it_was_held_is_told_exactly(watching: Probe, now: list[int]) -> None:
    lock: Any = threading.Lock()

    with lock:
        now[0] += 300
    now[0] += 700
    assert locks_.look(lock) == (0.3, 0, 1)

    lock.acquire()  # and still held at the next two looks
    for _ in range(2):
        now[0] += 500
        assert locks_.look(lock) == (1.0, 0, 1)
    lock.release()
    now[0] += 500
    assert locks_.look(lock) == (0.0, 0, 1)


def test_a_lock_that_its_thread_takes_again_is_held_once(watching: Probe, now: list[int]) -> None:
    lock: Any = threading.RLock()

    with lock:
        now[0] += 100
        with lock:
            now[0] += 100
        now[0] += 100
    with pytest.raises(RuntimeError):
        lock.release()
    now[0] += 700

    assert locks_.look(lock) == (0.3, 0, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_that_is_handed_over_counts_as_held_until_the_next_one_wakes_up(watching: Probe, kind: str) -> None:
    lock = made(kind)
    thread, may_end = held_elsewhere(lock)
    releasing = threading.Thread(target=release_once_somebody_waits, args=(lock, may_end))
    releasing.start()

    with lock:
        assert lock.since == lock.freed > 0

    thread.join()
    releasing.join()
    assert lock.since == 0


@pytest.mark.parametrize("kind", KINDS)
def test_who_waits_for_a_condition_does_not_hold_its_lock(watching: Probe, kind: str) -> None:
    lock = made(kind)
    condition = threading.Condition(lock)
    inside, woken = threading.Event(), threading.Event()

    def wait() -> None:
        with condition:
            inside.set()
            condition.wait_for(woken.is_set, 10)

    thread = threading.Thread(target=wait)
    thread.start()
    assert inside.wait(10)
    with condition:  # only to be had when the other one waits
        assert lock.locked()
    assert not lock.locked()
    woken.set()
    with condition:
        condition.notify_all()
    thread.join(10)

    assert not lock.locked()
