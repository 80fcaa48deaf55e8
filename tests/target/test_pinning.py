"""Whose cores are whose."""

import os
import subprocess
import sys
import threading

from perfkit.target import pinning
from perfkit.target.pinning import Cores

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


def test_cores_that_the_scenario_names_are_not_divided() -> None:
    assert pinning.divided(range(4), ALONE, versions=(2, 3)) == Cores(frozenset({2, 3}), frozenset({1}))
    assert pinning.divided(range(4), ALONE, wanted=8, client=(0,)) == Cores(frozenset({1, 2, 3}), frozenset({0}))
    assert pinning.divided(range(4), ALONE, versions=(0,), client=(1, 2)) == Cores(frozenset({0}), frozenset({1, 2}))
    assert not pinning.divided(range(2), ALONE, versions=(0, 1)).are_apart


def test_without_a_wish_everything_runs_where_it_may() -> None:
    before = os.sched_getaffinity(0)

    with pinning.inherited(None):
        assert os.sched_getaffinity(0) == before


def test_the_cores_of_processes_are_counted_together_and_an_ended_one_has_none() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    assert pinning.of([os.getpid()]) == tuple(sorted(os.sched_getaffinity(0)))
    assert pinning.of([ended.pid]) == ()


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
