"""Two runs on record become answers: exact counters by themselves, times only beyond the noise between runs."""

from perfkit.compare.comparison import Answer, Comparison
from perfkit.compare.metric import SERVER_TIME
from perfkit.compare.runs import counted, judge, times
from perfkit.compare.runs.on_record import OnRecord
from perfkit.compare.runs.times import BETWEEN_RUNS
from perfkit.compare.settings import Settings
from perfkit.evidence import Missing
from perfkit.stats.outcome import Outcome, Rules
from tests.compare.runs.runs import a_record, requests

SETTINGS = Settings(burst_sizes=())


def judged(base: OnRecord, head: OnRecord, settings: Settings = SETTINGS, *, timed: bool = True) -> Comparison:
    figures = times.figures(base, head, settings.seed) if timed else Missing("--tiers left them out")
    return judge.judge(base, head, counted.changes(base, head), figures, settings)


def test_a_slowdown_within_the_noise_between_runs_is_never_a_regression() -> None:
    said = judged(a_record(), a_record(requests(time=0.02 * 1.2, seed=2)))

    test = said.of("GET /orders", SERVER_TIME)
    assert test is not None
    assert said.answer is Answer.INCONCLUSIVE
    assert test.outcome is Outcome.INCONCLUSIVE
    assert not test.verdict.change.excludes(0.0)
    assert judge.is_open_for_good(said)
    assert any("its server time lies +20 % in head's run" in doubt or "+19 %" in doubt for doubt in said.doubts)


def test_a_slowdown_far_beyond_it_is_one() -> None:
    said = judged(a_record(), a_record(requests(time=0.04, seed=2)))

    test = said.of("GET /orders", SERVER_TIME)
    assert test is not None
    assert (said.answer, test.outcome) == (Answer.REGRESSED, Outcome.REGRESSED)
    assert test.verdict.change.low > 0
    assert said.between_runs == BETWEEN_RUNS


def test_one_statement_more_is_a_regression_whatever_the_clock_says() -> None:
    said = judged(a_record(), a_record(requests(statements=2, time=0.01, seed=2)))

    assert said.answer is Answer.REGRESSED
    assert [(one.change.counter, one.outcome, one.gated) for one in said.counted] == [
        ("statements", "regressed", True),
        ("rows", "regressed", False),
    ]


def test_equivalent_is_said_when_the_margin_is_wider_than_the_noise() -> None:
    wide = Settings(rules=Rules(margin=0.4), burst_sizes=())

    assert judged(a_record(), a_record(requests(seed=2)), wide).answer is Answer.EQUIVALENT
    assert judged(a_record(), a_record(requests(seed=2))).answer is Answer.INCONCLUSIVE


def test_without_times_counters_decide() -> None:
    same = judged(a_record(), a_record(requests(seed=2)), timed=False)

    assert same.answer is Answer.EQUIVALENT
    assert same.missing == ("times: --tiers left them out",)


def test_failures_of_many_requests_are_a_regression() -> None:
    failing = [*requests(count=300), *requests(count=100, status=500)]

    said = judged(a_record(), a_record(failing))

    (errors,) = said.errors
    assert (errors.verdict.outcome, errors.base, errors.head) == (Outcome.REGRESSED, 0.0, 0.25)
    assert said.answer is Answer.REGRESSED


def test_a_run_of_a_few_seconds_says_nothing_about_times() -> None:
    said = judged(a_record(requests(count=6)), a_record(requests(count=6, time=1.0)))

    assert said.answer is Answer.INCONCLUSIVE
    assert any("fewer than 9 blocks" in doubt for doubt in said.doubts)
