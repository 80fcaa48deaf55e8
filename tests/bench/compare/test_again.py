"""Judged again: drawn comparisons of nothing are as noisy as what they are drawn from, and longer ones are decided."""

import numpy as np
import pytest

from bench.compare.again import Noise, judged, longer, resampled, undecided
from bench.compare.blocks import Blocks
from perfkit.stats.outcome import Rules

METRICS = ("server_time", "server_time_mean", "server_time_p95")


def a_run(
    random: np.random.Generator,
    *,
    noise: float = 0.015,
    bias: float = 0.004,
    lasting: float = 0.0,
    change: float = 0.0,
    blocks: int = 10,
) -> list[Blocks]:
    kept = random.normal(0, lasting)
    found = []
    for endpoint in ("order", "stock"):
        starts = random.normal(change + kept, bias, 4)
        found += [
            Blocks(endpoint, metric, tuple(start + random.normal(0, noise, blocks) for start in starts)) for metric in METRICS
        ]
    return found


def estimates(runs: list[list[Blocks]]) -> float:
    return float(np.std([run[0].joined.mean() for run in runs]))


@pytest.mark.parametrize("lasting", [0.0, 0.01])
def test_what_is_drawn_spreads_as_what_was_measured(lasting: float) -> None:
    random = np.random.default_rng(5)
    measured = [a_run(random, lasting=lasting) for _ in range(60)]

    noise = Noise(measured)
    drawn = [noise.draw(random) for _ in range(600)]

    assert estimates(drawn) == pytest.approx(estimates(measured), rel=0.25)


def test_comparisons_of_nothing_seldom_alarm() -> None:
    random = np.random.default_rng(6)
    noise = Noise([a_run(random) for _ in range(20)])

    alarms = sum(judged(noise.draw(random)).alarms for _ in range(40))

    assert alarms <= 2


def test_a_bias_that_every_run_has_is_drawn_too() -> None:
    random = np.random.default_rng(7)
    noise = Noise([a_run(random, change=0.05) for _ in range(10)])

    assert all(judged(noise.draw(random)).alarms for _ in range(10))


def test_a_slowdown_that_is_certain_ends_it_early() -> None:
    found = judged(a_run(np.random.default_rng(8), change=0.2), looks=4)

    assert found.stopped_early
    assert found.alarms


def test_what_was_undecided_is_decided_by_more_blocks() -> None:
    random = np.random.default_rng(9)
    first = a_run(random, noise=0.05, blocks=3)
    more = a_run(random, noise=0.05, blocks=100)

    assert undecided(first, Rules())
    assert not undecided(longer(first, more, 1.0), Rules())
    assert len(longer(first, more, 0.5)[0].joined) == 12 + 200


def test_a_run_that_is_resampled_grows_by_its_share_and_keeps_its_bursts() -> None:
    random = np.random.default_rng(10)
    burst = Blocks("order", "burst_8_last", (random.normal(0, 0.02, 6),) * 2)

    found = resampled([*a_run(random, blocks=8), burst], 1.5, random)

    assert {len(one.joined) for one in found[:-1]} == {32 + 48}
    assert set(found[0].joined[32:]) <= set(found[0].joined[:32])
    assert found[-1] is burst


def test_a_figure_whose_blocks_were_joined_beyond_a_restart_is_resampled_with_the_others() -> None:
    random = np.random.default_rng(11)
    whole = a_run(random)
    joined = Blocks("order", "server_time_p95", (random.normal(0, 0.03, 3), random.normal(0, 0.03, 2)))
    run = [one for one in whole if one.key != joined.key] + [joined]

    found = resampled(run, 1.0, random)
    drawn = Noise([run, whole[:2] + whole[3:] + [joined], run]).draw(random)

    assert len(found[-1].joined) == 10
    assert {one.key for one in drawn} == {one.key for one in run}
    assert judged(drawn, looks=4).outcomes
