import numpy as np
import pytest

from perfkit.stats.load_factor import Model, Watched, design_effect, half_width, limit
from perfkit.stats.miss_curve import MissCurve
from perfkit.stats.quantiles import Numbers

RATES = np.linspace(20, 200, 91)


def curve() -> MissCurve:
    """5 % at 100/s, tenfold odds at 130/s."""
    odds = np.log(0.05 / 0.95) + np.log(10) * (np.log(RATES / 100) / np.log(1.3))
    return MissCurve(RATES, odds)


def a_model() -> Model:
    return Model((curve(),), (100.0,))


def watched(rate: float, factor: float, seed: int, seconds: float = 28) -> Watched:
    """A step of a target that feels so many times the load that the model thinks."""
    random = np.random.default_rng(seed)
    blocks = int(seconds / 2)
    requests = random.poisson(rate * 2, (blocks, 1)).astype(np.float64)
    share = float(curve().share(np.array([rate * factor]))[0])
    return Watched(rate, requests, random.binomial(requests.astype(np.int64), share).astype(np.float64))


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_the_limit_is_found_from_steps_around_it(factor: float) -> None:
    truth = 100 / factor
    steps = [watched(truth * share, factor, seed) for seed, share in enumerate((0.9, 1.0, 0.95, 1.05))]

    found = limit(a_model(), steps)

    assert found.value == pytest.approx(truth, rel=0.04)
    assert found.low <= truth <= found.high


def test_without_misses_the_model_is_hardly_moved() -> None:
    silent = Watched(30.0, np.full((14, 1), 60.0), np.zeros((14, 1)))

    found = limit(a_model(), [silent])

    assert found.value == pytest.approx(100, rel=0.35)


def test_the_objective_that_is_missed_first_decides() -> None:
    model = Model((curve(), curve()), (100.0, 60.0))
    one = watched(60, 1.0, 1)
    both = Watched(one.rate, np.hstack([one.requests] * 2), np.hstack([one.missed] * 2))

    assert limit(model, [both]).value == pytest.approx(0.6 * limit(a_model(), [one]).value)


def test_the_same_seed_gives_the_same_interval() -> None:
    steps = [watched(95, 1.0, seed) for seed in range(3)]

    assert limit(a_model(), steps, seed=4) == limit(a_model(), steps, seed=4)


def test_steps_that_disagree_make_the_interval_wider() -> None:
    alike = [watched(95, 1.0, seed) for seed in range(4)]
    apart = [watched(95, factor, seed) for seed, factor in enumerate((0.85, 1.15, 0.85, 1.15))]

    assert half_width(limit(a_model(), apart)) > 2 * half_width(limit(a_model(), alike))


def test_independent_misses_count_each_for_one() -> None:
    one = watched(100, 1.0, 3, seconds=200)

    assert design_effect(one.requests[:, 0], one.missed[:, 0]) == pytest.approx(1.0, abs=0.5)


def test_misses_that_come_together_count_for_less() -> None:
    requests: Numbers = np.full(20, 100.0)
    missed: Numbers = np.zeros(20)
    missed[8:11] = 60.0

    assert design_effect(requests, missed) > 10
