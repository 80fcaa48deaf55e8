"""From the tables of a comparison to its answer."""

import numpy as np
import polars as pl
import pytest

from perfkit.compare.change import Change
from perfkit.compare.comparison import Answer, Compared, Comparison, share
from perfkit.compare.judge import judge
from perfkit.compare.metric import EVERY, MEAN, SERVER_TIME, SERVICE_TIME, Metric
from perfkit.compare.observed import Observed
from perfkit.compare.settings import Load, Settings
from perfkit.evidence import Missing
from perfkit.stats.outcome import Outcome
from perfkit.stats.queueing import Discipline
from tests.compare.tables import Endpoint, some_bursts, some_pairs


def judged(pairs: pl.DataFrame, settings: Settings | None = None, **observed: object) -> Comparison:
    return judge(Observed(pairs, **({"pairs_lasted": 60.0} | observed)), settings or Settings())  # type: ignore[arg-type]


def the(comparison: Comparison, endpoint: str, metric: Metric) -> Compared:
    found = comparison.of(endpoint, metric)
    assert found is not None
    return found


def test_a_version_against_itself_is_equivalent() -> None:
    comparison = judged(some_pairs())

    assert comparison.answer is Answer.EQUIVALENT
    assert the(comparison, "GET /orders", SERVER_TIME).outcome is Outcome.EQUIVALENT


def test_the_advantage_of_going_second_is_nobodys() -> None:
    comparison = judged(some_pairs(second=0.3))

    assert abs(the(comparison, "GET /orders", SERVER_TIME).verdict.change.value) < 0.01


def test_a_slowdown_of_one_endpoint_is_found_there_and_only_there() -> None:
    comparison = judged(some_pairs(Endpoint(change=0.05), Endpoint("GET /products", 0.0004)))

    slower = the(comparison, "GET /orders", SERVER_TIME)
    assert comparison.answer is Answer.REGRESSED
    assert slower.outcome is Outcome.REGRESSED
    assert slower.verdict.severe
    assert share(slower.verdict.change.low) < 0.05 < share(slower.verdict.change.high)
    assert the(comparison, "GET /products", SERVER_TIME).outcome is Outcome.EQUIVALENT


def test_all_endpoints_together_have_a_line_of_their_own() -> None:
    comparison = judged(some_pairs(Endpoint(change=0.05), Endpoint("GET /products", change=0.05)))

    together = the(comparison, EVERY, SERVER_TIME)
    assert together.outcome is Outcome.REGRESSED
    assert together.verdict.change.half_width < the(comparison, "GET /orders", SERVER_TIME).verdict.change.half_width


def test_one_endpoint_needs_no_line_for_all() -> None:
    assert judged(some_pairs()).of(EVERY, SERVER_TIME) is None


def test_a_log_in_that_is_sent_once_per_start_holds_nothing_up() -> None:
    pairs = some_pairs(Endpoint(), Endpoint("POST /login"))
    is_login = pl.col("endpoint").cast(pl.String) == "POST /login"
    pairs = pairs.filter(~is_login | (pl.int_range(pl.len()).over("endpoint", "restart") == 0)).with_columns(
        pl.when(is_login).then(pl.lit("customer.login")).otherwise(pl.col("step").cast(pl.String)).alias("step")
    )

    comparison = judged(pairs)

    assert comparison.answer is Answer.EQUIVALENT
    assert not the(comparison, "POST /login", SERVER_TIME).decides
    assert comparison.of(EVERY, SERVER_TIME) is None
    assert any("sent once per user and start" in doubt for doubt in comparison.doubts)


def test_a_sleep_in_one_of_twenty_requests_shows_in_the_mean_and_not_in_the_median() -> None:
    comparison = judged(some_pairs(Endpoint(sleep=0.003)))

    assert comparison.answer is Answer.REGRESSED
    assert the(comparison, "GET /orders", SERVER_TIME).outcome is not Outcome.REGRESSED
    assert the(comparison, "GET /orders", MEAN).outcome is Outcome.REGRESSED


def test_a_faster_version_is_improved() -> None:
    assert judged(some_pairs(Endpoint(change=-0.1))).answer is Answer.IMPROVED


def test_noise_that_hides_the_margin_is_inconclusive_and_says_how_long_it_would_take() -> None:
    comparison = judged(some_pairs(noise=0.12, bias=0.0, blocks=20))

    assert comparison.answer is Answer.INCONCLUSIVE
    assert comparison.noise == "noisy"
    assert comparison.more_time is not None
    assert comparison.more_time.likely > 30
    assert comparison.more_time.low <= comparison.more_time.likely <= comparison.more_time.high


def test_the_client_is_believed_where_the_probe_saw_nothing_and_that_is_said() -> None:
    comparison = judged(some_pairs(Endpoint(change=0.2), traced=False))

    assert comparison.answer is Answer.REGRESSED
    assert comparison.details[0].seen_from == "client"
    assert any("the probe saw too little of GET /orders" in doubt for doubt in comparison.doubts)


def test_what_the_client_saw_stands_beside_and_fails_nothing() -> None:
    shown = the(judged(some_pairs(Endpoint(change=0.05))), "GET /orders", SERVICE_TIME)

    assert not shown.gated
    assert 0 < shown.verdict.change.value < 0.05


def test_bursts_can_fail_what_one_request_at_a_time_cannot() -> None:
    comparison = judged(some_pairs(), bursts=some_bursts(0.1), bursts_lasted=60.0)

    regressed = {test.metric.id for test in comparison.gated if test.outcome is Outcome.REGRESSED}
    assert comparison.answer is Answer.REGRESSED
    assert regressed == {"burst_2_median", "burst_2_last", "burst_8_median", "burst_8_last"}


def test_bursts_that_could_not_decide_do_not_stand_in_the_way() -> None:
    comparison = judged(some_pairs(), bursts=some_bursts(noise=0.3), bursts_lasted=60.0)

    assert comparison.answer is Answer.EQUIVALENT


def test_what_is_not_gated_fails_nothing() -> None:
    settings = Settings(gate=frozenset({"server_time"}))

    comparison = judged(some_pairs(), settings, bursts=some_bursts(0.1), bursts_lasted=60.0)

    assert comparison.answer is Answer.EQUIVALENT
    assert all(not test.gated for test in comparison.tests if test.metric.gate == "burst")


def test_requests_that_only_head_fails_are_a_regression_and_are_not_timed() -> None:
    comparison = judged(some_pairs(Endpoint(head_fails=0.05)))

    assert comparison.answer is Answer.REGRESSED
    assert comparison.errors[0].verdict.outcome is Outcome.REGRESSED
    assert comparison.details[0].requests < comparison.errors[0].requests


def test_an_endpoint_of_the_base_only_is_a_different_answer() -> None:
    gone = Endpoint("GET /old", head_status=404)

    comparison = judged(some_pairs(Endpoint(), gone))

    assert comparison.answer is Answer.DIFFERENT
    assert [one.change.detail for one in comparison.counted] == ["only the base has this endpoint"]
    assert {test.endpoint for test in comparison.tests} == {"GET /orders"}
    assert [one.endpoint for one in comparison.errors] == ["GET /orders"]


def test_an_endpoint_of_head_only_is_told_and_fails_nothing() -> None:
    comparison = judged(some_pairs(Endpoint(), Endpoint("GET /new", base_status=404)))

    assert comparison.answer is Answer.EQUIVALENT
    assert [one.change.detail for one in comparison.counted] == ["only head has this endpoint"]


def test_a_faster_wrong_answer_is_no_improvement() -> None:
    changes = (Change("GET /orders", "body", "a1", "b2", "19 of 20 bodies differ"),)

    comparison = judged(some_pairs(Endpoint(change=-0.2)), counters=changes)

    assert comparison.answer is Answer.DIFFERENT


def test_answers_that_are_meant_to_differ_are_judged_like_any() -> None:
    changes = (Change("GET /orders", "body", "a1", "b2"),)

    comparison = judged(some_pairs(Endpoint(change=-0.2)), Settings(allow_answers=True), counters=changes)

    assert comparison.answer is Answer.IMPROVED


@pytest.mark.parametrize(
    ("change", "outcome", "answer"),
    [
        (Change("GET /orders", "statements", 3, 14), "regressed", Answer.REGRESSED),
        (Change("GET /orders", "statements", 3, 2), "improved", Answer.IMPROVED),
        (Change("GET /orders", "bytes", 812, 1836), "regressed", Answer.REGRESSED),
        (Change("GET /orders", "bytes", 812, 820), "changed", Answer.EQUIVALENT),  # within the margin
        (Change("GET /orders", "rows", 3, 14), "regressed", Answer.EQUIVALENT),  # not in the gate
    ],
)
def test_exact_changes_count_without_statistics(change: Change, outcome: str, answer: Answer) -> None:
    comparison = judged(some_pairs(), counters=(change,))

    assert comparison.counted[0].outcome == outcome
    assert comparison.answer is answer


def test_a_base_that_differs_from_itself_disables_the_gate_for_times_but_not_for_counts() -> None:
    pairs = some_pairs(Endpoint(change=0.2))
    # Every other block of both versions is slower, in the order that drifts cannot explain.
    slow = pl.when(pl.col("block") % 4 == 1).then(2.0).when(pl.col("block") % 4 == 2).then(2.0).otherwise(1.0)
    pairs = pairs.with_columns(pl.col("base_server", "head_server") * slow)

    unstable = judged(pairs)
    counted = judged(pairs, counters=(Change("GET /orders", "statements", 3, 4),))

    assert unstable.answer is Answer.UNSTABLE
    assert counted.answer is Answer.REGRESSED


def test_a_ratio_that_still_moves_at_the_end_is_a_doubt() -> None:
    pairs = some_pairs()
    pairs = pairs.with_columns(pl.col("head_server") * (1 + pl.col("block") / 1000))

    assert any("did not settle" in doubt for doubt in judged(pairs).doubts)


def test_every_start_has_its_mean() -> None:
    (detail,) = judged(some_pairs(blocks=40)).details

    assert [(restart, blocks) for restart, _, blocks in detail.means] == [(0, 10), (1, 10), (2, 10), (3, 10)]


def test_a_queue_makes_more_of_a_slowdown_than_it_is() -> None:
    load = Load(rate=300.0, servers=1, discipline=Discipline.FIRST_COME)

    comparison = judged(some_pairs(Endpoint(change=0.2)), Settings(load=load))

    assert not isinstance(comparison.at_rate, Missing)
    _, p95, _ = comparison.at_rate.change.endpoints[0]
    assert p95.ratio.value > np.log(1.2)


def test_without_a_single_good_pair_nothing_is_decided() -> None:
    comparison = judged(some_pairs(Endpoint(base_status=500, head_status=500)))

    assert comparison.answer is Answer.INCONCLUSIVE
    assert comparison.tests == ()
    assert any("no request was answered well" in doubt for doubt in comparison.doubts)


def test_a_tier_that_was_not_run_is_said() -> None:
    comparison = judge(Observed(Missing("--tiers left it out"), counters=()), Settings())

    assert comparison.missing == ("alternation: --tiers left it out", "bursts: nobody asked for it")


def test_counters_decide_where_nobody_asked_for_times() -> None:
    nothing_changed = judge(Observed(Missing("--tiers left it out"), counters=()), Settings())
    nothing_measured = judge(Observed(Missing("--tiers left it out")), Settings())

    assert nothing_changed.answer is Answer.EQUIVALENT
    assert nothing_measured.answer is Answer.INCONCLUSIVE


def test_what_an_error_page_weighs_is_no_regression_of_the_endpoint_that_is_gone() -> None:
    changes = (Change("GET /orders", "status", 200, 404), Change("GET /orders", "bytes", 100, 900))

    said = judged(some_pairs(Endpoint(head_status=404), Endpoint("GET /products")), counters=changes)

    assert [(one.change.counter, one.outcome, one.gated) for one in said.counted] == [
        ("exists", "different", True),
        ("bytes", "changed", False),
    ]
    assert said.answer is Answer.DIFFERENT


def test_an_endpoint_that_is_new_fails_nothing_by_its_new_answer() -> None:
    changes = (Change("GET /new", "status", 404, 200), Change("GET /new", "body", "one answer", "another"))

    said = judged(some_pairs(Endpoint("GET /new", base_status=404), Endpoint("GET /products")), counters=changes)

    assert [(one.change.counter, one.gated) for one in said.counted] == [("exists", False)]
    assert said.answer is Answer.EQUIVALENT
