"""Who used how much of the machine: shares from cumulative CPU, by party."""

import pytest

from perfkit.analyze.pages import cores as page
from perfkit.evidence import Missing, Placement
from perfkit.measures import cores
from perfkit.measures.cores import Usage
from tests.builders import Row, a_host, a_run, evidence, measures


def seconds(**per_second: float) -> list[Row]:
    """A host that uses so much of each every second, all through the run."""
    busy = per_second.pop("busy", 0.5)
    return [a_host(float(at), busy=busy, **{name: used * at for name, used in per_second.items()}) for at in range(140)]


def test_what_nobody_else_used_is_everything_elses() -> None:
    host = seconds(target_cpu=0.4, generator_cpu=0.2, profiler_cpu=0.0, perfkit_cpu=0.1, busy=0.5)

    used = cores.usage(evidence(host=host))

    assert isinstance(used, Usage)
    assert (used.target, used.generator, used.perfkit) == pytest.approx((0.4, 0.2, 0.1))
    assert used.others == pytest.approx(2 * 0.5 - 0.7)
    assert used.share(0.4) == pytest.approx(0.2)


def test_a_target_that_perfkit_did_not_start_is_among_the_others() -> None:
    rows = [row | {"target_cpu": None} for row in seconds(generator_cpu=0.2, busy=0.5)]

    used = cores.usage(evidence(host=rows))

    assert isinstance(used, Usage)
    assert isinstance(used.target, Missing)
    assert used.others == pytest.approx(0.8)


def test_a_machine_that_nobody_looked_at_is_missing() -> None:
    assert cores.usage(evidence(host=Missing("the machine was not sampled"))) == Missing("the machine was not sampled")


def test_a_phase_of_less_than_two_looks_is_missing() -> None:
    assert isinstance(cores.usage(evidence(host=[a_host(20.0)])), Missing)


def test_the_report_says_who_had_which_cores_and_took_how_much() -> None:
    placement = {
        "target": Placement((0,), (0,)),
        "generator": Placement((1,)),
        "perfkit": Placement((1,)),
    }
    host = seconds(target_cpu=0.5, generator_cpu=0.2, busy=0.5)

    table = page.table(measures(run=a_run(placement=placement), host=host))

    assert table.rows[:2] == (
        ("the target", "0 (pinned by the scenario)", "25 % (0.50 cores)"),
        ("the generator", "1 (not pinned)", "10 % (0.20 cores)"),
    )
    assert table.rows[-1] == ("everything else on this machine", None, "15 % (0.30 cores)")


def test_the_report_of_an_attached_target_says_why_its_cores_are_not_known() -> None:
    table = page.table(measures(run=a_run(placement={"target": Placement(Missing("not ours"))}), host=Missing("unseen")))

    assert table.rows[0] == ("the target", "not known: not ours", None)
    assert table.rows[1] == ("the generator", "not on record", None)
    assert table.note == "What each used is not known: unseen."
