"""A run is fit to judge, or it is said why not; what makes it invalid is the generator, never the target."""

from dataclasses import replace

import pytest

from perfkit.evidence import Floor
from perfkit.validity import judge
from tests.builders import a_count, a_floor, a_generator, a_run, a_second, evidence, many


def test_a_generator_with_headroom_whose_counts_agree_makes_a_valid_run() -> None:
    validity = judge(evidence(many(20), generator=[a_second(11.0)], counts=[a_count(sent=20)], run=a_run(floor=a_floor())))

    assert (validity.state, validity.reasons, validity.can_be_baseline) == ("valid", (), True)


def test_a_run_without_its_own_account_by_the_second_is_judged_by_the_rest() -> None:
    assert judge(evidence(many(20))).state == "valid"


def test_an_invalid_run_can_never_be_a_baseline() -> None:
    validity = judge(evidence(many(20), run=a_run(generator=a_generator(cpu_share=0.99))))

    assert (validity.state, validity.can_be_baseline) == ("invalid", False)


def test_late_seconds_are_a_reason_for_doubt() -> None:
    validity = judge(evidence(many(20), generator=[a_second(11.0, lag_p90=0.05), *map(a_second, (12.0, 13.0))]))

    assert validity.state == "suspect"
    assert validity.reasons == ("the generator was late in 1 of 3 seconds (0), a tenth of the time by up to 50 ms",)


def test_lost_seconds_come_before_the_doubts() -> None:
    validity = judge(evidence(many(20), generator=[a_second(at, cpu=1.0) for at in (11.0, 12.0)]))

    assert validity.state == "invalid"
    assert validity.reasons[0].startswith("the generator could not keep up in 2 of 2 seconds (0 to 1)")


def test_counts_that_disagree_make_a_run_suspect() -> None:
    validity = judge(evidence(many(20), counts=[a_count(sent=21)]))

    assert validity.state == "suspect"
    assert validity.reasons == ("generator process 0 counted 21 requests of the measure phase; on record it has 20",)


@pytest.mark.parametrize(("needed", "state"), [(7_900.0, "valid"), (8_100.0, "suspect")])
def test_a_load_near_the_floor_is_suspect(needed: float, state: str) -> None:
    floor: Floor = replace(a_floor(), cpu_per_request=1e-4, needed_rate=needed)

    assert judge(evidence(many(20), run=a_run(floor=floor))).state == state
