"""Regressed, improved, equivalent or inconclusive; and how often that is wrong."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from perfkit.stats.needed import blocks_for
from perfkit.stats.outcome import Outcome, Rules
from perfkit.stats.paired_binomial import Both, Each
from perfkit.stats.quantiles import Numbers
from perfkit.stats.spending import looks
from perfkit.stats.verdict import Look, judge

RESTARTS = 4


def blocks(
    random: np.random.Generator, count: int = 40, *, effect: float = 0.0, noise: float = 0.015, bias: float = 0.005
) -> Numbers:
    """What was measured over HTTP: block sd 1 to 2 %, and a bias of its own of 0.2 to 0.9 % for each pair of processes."""
    of_process = random.normal(0, bias, RESTARTS)[np.arange(count) * RESTARTS // count]
    return random.normal(math.log1p(effect), noise, count) + of_process


def outcomes(series: Sequence[Numbers], rules: Rules | None = None) -> list[Outcome]:
    return [verdict.outcome for verdict in judge(series, rules=rules).times]


def exact(value: float, spread: float, count: int = 40) -> Numbers:
    """Symmetric about a value, without chance and without likeness of neighbours."""
    ordered = np.linspace(-spread, spread, count)
    return value + np.random.default_rng(3).permutation(ordered)


def test_a_clear_slowdown_is_regressed_and_a_clear_speedup_improved() -> None:
    slower, faster = judge([exact(0.05, 0.02), exact(-0.05, 0.02)]).times

    assert slower.outcome is Outcome.REGRESSED
    assert slower.severe
    assert slower.change.low > 0
    assert slower.p_sign_flip < 0.001
    assert faster.outcome is Outcome.IMPROVED
    assert not faster.severe
    assert slower.more is None


def test_a_change_below_the_floor_is_no_regression_however_sure() -> None:
    (verdict,) = judge([exact(0.015, 0.002)]).times

    assert verdict.change.low > 0
    assert verdict.outcome is Outcome.EQUIVALENT
    assert verdict.no_slowdown_beyond < math.log1p(0.03)


def test_a_slowdown_between_floor_and_margin_is_regressed_but_not_severe() -> None:
    (verdict,) = judge([exact(0.025, 0.002)]).times

    assert verdict.outcome is Outcome.REGRESSED
    assert not verdict.severe


def test_a_wide_interval_is_inconclusive_and_says_what_it_would_take() -> None:
    (verdict,) = judge([exact(0.0, 0.25)]).times

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.detectable > math.log1p(0.03)
    # Were the estimate to stay at zero, the bound would come down to the margin with n (half-width / margin)^2 blocks.
    needed = blocks_for(40, verdict.no_slowdown_beyond, math.log1p(0.03))
    assert verdict.more is not None
    assert needed / 3 < 40 + verdict.more.likely < needed


def test_equivalence_is_decided_at_the_end_only() -> None:
    series = [exact(0.0, 0.02)]

    early = judge(series, look=Look((0.5, 0.75), final=False)).times[0]
    late = judge(series, look=Look((0.5, 0.75), final=True)).times[0]

    assert early.outcome is Outcome.INCONCLUSIVE
    assert late.outcome is Outcome.EQUIVALENT


def test_an_early_look_asks_for_more() -> None:
    series = [exact(0.04, 0.1)]

    early = judge(series, look=Look((0.25,), final=False)).times[0]
    late = judge(series).times[0]

    assert early.outcome is Outcome.INCONCLUSIVE
    assert early.level < 1e-4
    assert late.outcome is Outcome.REGRESSED
    assert late.level == pytest.approx(0.01)


def test_a_look_too_early_for_anything_is_inconclusive() -> None:
    (verdict,) = judge([exact(0.5, 0.02, 8)], look=Look((0.01,), final=False)).times

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.detectable == math.inf
    assert verdict.more is None  # there are more to come anyway


def test_what_an_early_look_decided_stays() -> None:
    series = [exact(0.025, 0.12), exact(0.0, 0.02)]

    fresh, kept = judge(series).times[0], judge(series, already=(True, False)).times[0]

    assert fresh.outcome is Outcome.INCONCLUSIVE
    assert kept.outcome is Outcome.REGRESSED


def test_too_few_blocks_say_how_many_are_missing() -> None:
    (verdict,) = judge([np.array([0.05, 0.06, 0.04, 0.05, 0.07])]).times

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.more is not None
    assert verdict.more.likely == 3  # eight pairs are the fewest that can reject at 1 %
    assert verdict.detectable == math.inf


def test_no_blocks_at_all_are_inconclusive() -> None:
    (verdict,) = judge([np.empty(0)]).times

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.more is not None
    assert verdict.more.likely == 8


def test_every_test_of_a_run_shares_its_one_percent() -> None:
    lone = judge([exact(0.03, 0.06, 24)]).times[0]
    crowd = judge([exact(0.03, 0.06, 24)] + [exact(0.0, 0.02)] * 5).times[0]

    assert lone.level == pytest.approx(0.01)
    assert crowd.level == pytest.approx(0.01 / 6)


def test_errors_are_judged_with_the_times() -> None:
    verdicts = judge([exact(0.0, 0.02)], [Both(0, 14, 0, 500), Both(0, 0, 0, 2_000), Each(3, 100, 4, 100), Each(20, 500, 2, 500)])

    assert [verdict.outcome for verdict in verdicts.errors] == [
        Outcome.REGRESSED,
        Outcome.EQUIVALENT,
        Outcome.INCONCLUSIVE,
        Outcome.IMPROVED,
    ]
    assert verdicts.errors[0].severe
    assert verdicts.errors[0].change.value == 14 / 500


def test_dependent_blocks_are_judged_more_carefully() -> None:
    # Thirteen blocks fast, thirteen slow, and so on: three witnesses, not forty.
    waves = 0.03 + 0.05 * np.sign(np.sin(np.arange(40) / 4.2))
    shuffled = np.random.default_rng(2).permutation(waves)

    dependent, independent = judge([waves]).times[0], judge([shuffled]).times[0]

    assert independent.outcome is Outcome.REGRESSED
    assert dependent.outcome is Outcome.INCONCLUSIVE
    assert dependent.lag1 > 0.2


@pytest.mark.parametrize(("noise", "bias"), [(0.01, 0.002), (0.02, 0.009)])
def test_runs_of_a_version_with_itself_cry_wolf_in_less_than_one_of_a_hundred(noise: float, bias: float) -> None:
    random = np.random.default_rng(31)

    alarms = sum(
        any(verdict in {Outcome.REGRESSED, Outcome.IMPROVED} for verdict in outcomes(run))
        for run in ([blocks(random, noise=noise, bias=bias) for _ in range(6)] for _ in range(150))
    )

    # The nominal rate is 1 % at most, and the floor brings it to nearly none; bench/verdict_rates.py has the 10,000.
    assert alarms <= 1


@pytest.mark.parametrize(("effect", "noise", "found"), [(0.03, 0.015, 0.95), (0.05, 0.02, 0.98)])
def test_slowdowns_are_found_in_forty_blocks(effect: float, noise: float, found: float) -> None:
    random = np.random.default_rng(32)

    counted = Counter(
        outcomes([blocks(random, effect=effect, noise=noise), *(blocks(random) for _ in range(5))])[0] for _ in range(120)
    )

    assert counted[Outcome.REGRESSED] / 120 >= found
    assert counted[Outcome.IMPROVED] == 0


def test_no_change_is_called_equivalent_in_sixty_blocks() -> None:
    random = np.random.default_rng(33)

    counted = Counter(verdict for _ in range(60) for verdict in outcomes([blocks(random, 60) for _ in range(3)]))

    assert counted[Outcome.EQUIVALENT] / 180 >= 0.8


def test_a_slowdown_of_the_margin_is_rarely_called_equivalent() -> None:
    random = np.random.default_rng(34)
    margin = Rules(floor=0.06)  # nothing is called regressed, so that the bound alone speaks

    counted = Counter(outcomes([blocks(random, effect=0.03, bias=0.0)], margin)[0] for _ in range(600))

    assert counted[Outcome.EQUIVALENT] / 600 == pytest.approx(0.05, abs=0.027)


def test_looking_early_does_not_raise_the_alarms_of_a_noisy_machine() -> None:
    random = np.random.default_rng(35)
    alarmed, runs = 0, 250
    for _ in range(runs):
        series = [blocks(random, noise=0.1, bias=0.0) for _ in range(2)]
        alarmed += any(
            verdict.outcome in {Outcome.REGRESSED, Outcome.IMPROVED}
            for number, count in enumerate(looks(40))
            for verdict in judge(
                [one[:count] for one in series],
                rules=Rules(alpha=0.05),
                look=Look(tuple(seen / 40 for seen in looks(40)[: number + 1]), final=count == 40),
            ).times
        )

    assert alarmed / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_a_large_slowdown_stops_a_run_early() -> None:
    random = np.random.default_rng(36)
    series = [blocks(random, effect=0.2)]

    stopped = next(
        count
        for number, count in enumerate(looks(40))
        if judge([series[0][:count]], look=Look(tuple(seen / 40 for seen in looks(40)[: number + 1]), final=count == 40))
        .times[0]
        .outcome
        is Outcome.REGRESSED
    )

    assert stopped <= 24
