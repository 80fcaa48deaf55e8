"""Whose cores are whose."""

import os
import threading

from perfkit.compare import pinning
from perfkit.compare.pinning import Cores

ALONE: dict[int, frozenset[int]] = {}
PAIRED = {core: frozenset({core - core % 2, core - core % 2 + 1}) for core in range(8)}


def test_one_core_is_for_both() -> None:
    cores = pinning.divided([3], ALONE)

    assert cores == Cores(frozenset({3}), frozenset({3}))
    assert not cores.are_apart


def test_of_two_cores_each_has_one() -> None:
    cores = pinning.divided([0, 1], PAIRED)

    assert cores == Cores(frozenset({0}), frozenset({1}))
    assert cores.are_apart


def test_the_client_keeps_away_from_the_other_thread_of_the_versions_core() -> None:
    assert pinning.divided([0, 1, 2], {**PAIRED, 2: frozenset({2})}).client == frozenset({2})
    assert pinning.divided([0, 2, 1], {0: frozenset({0, 2}), 2: frozenset({0, 2})}).client == frozenset({1})


def test_several_cores_for_the_versions_leave_one_for_the_client() -> None:
    assert pinning.divided(range(4), ALONE, wanted=8) == Cores(frozenset({0, 1, 2}), frozenset({3}))


def test_what_this_thread_starts_inherits_the_cores_and_the_thread_gets_its_own_back() -> None:
    before = os.sched_getaffinity(0)
    core = frozenset({min(before)})

    with pinning.inherited(core):
        assert os.sched_getaffinity(0) == core

    assert os.sched_getaffinity(0) == before


def test_every_thread_of_the_client_moves_and_comes_back() -> None:
    before = os.sched_getaffinity(0)
    core = frozenset({max(before)})
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    assert thread.native_id is not None

    with pinning.client_on(core):
        assert os.sched_getaffinity(0) == core
        assert os.sched_getaffinity(thread.native_id) == core

    assert os.sched_getaffinity(thread.native_id) == before == os.sched_getaffinity(0)
    done.set()
    thread.join()


def test_the_kernel_knows_the_siblings_of_every_core() -> None:
    cores = pinning.available()

    assert all(core in together for core, together in pinning.siblings(cores).items())
