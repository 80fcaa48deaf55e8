"""Units, ramps, think times and objectives: texts of the file as base units."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from perfkit.scenario.model import Ramp, Stage, Think
from perfkit.scenario.objectives import parse_objective
from perfkit.scenario.stages import parse_level, parse_users
from perfkit.scenario.think import parse_think
from perfkit.scenario.values import parse_fraction


@given(some.integers(1, 100_000), some.sampled_from([("s", 1), ("min", 60), ("h", 3600)]))
def test_a_rate_is_read_in_starts_per_second(count: int, unit: tuple[str, int]) -> None:
    assert parse_level(f"{count}/{unit[0]}") == Ramp(count / unit[1], count / unit[1])


@given(some.integers(0, 10_000), some.integers(1, 10_000), some.integers(1, 3600))
def test_a_ramp_of_users_says_how_long_it_takes(start: int, end: int, over: int) -> None:
    ramp = parse_users(f"{start} -> {end} over {over}s")

    assert (ramp.start, ramp.end, ramp.over) == (start, end, over)


@pytest.mark.parametrize(
    "text", ["5", "5/fortnight", "5/s -> 9/s", "5/s over 3s", "5/s -> 9/s over 0s", "0/s", "-5/s", True, None]
)
def test_what_is_no_rate_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"rate|load|ramp"):
        parse_level(text)


@pytest.mark.parametrize("text", [0, -1, 2.5, "five", True, "1 -> 5", "0 -> 0 over 3s"])
def test_what_is_no_number_of_users_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"users|load"):
        parse_users(text)


def test_a_stage_takes_its_duration_from_its_ramp_and_survives_a_round_trip() -> None:
    stage = Stage.model_validate({"rate": "5/s -> 40/s over 30s", "warmup": True})

    assert stage.duration == 30
    assert Stage.model_validate(stage.model_dump(mode="json")) == stage


def test_a_stage_of_users_has_no_arrivals() -> None:
    with pytest.raises(ValidationError, match="max_in_flight belongs to a rate"):
        Stage.model_validate({"users": 5, "for": "3s", "max_in_flight": 7})


def test_iterations_belong_to_users() -> None:
    with pytest.raises(ValidationError, match="iterations belong to users"):
        Stage.model_validate({"rate": "5/s", "iterations": 7})


@pytest.mark.parametrize(
    ("text", "think"),
    [
        ("500ms", Think("constant", 0.5, 0.5)),
        ("500ms..2s", Think("uniform", 0.5, 2.0)),
        ("500ms .. 2s", Think("uniform", 0.5, 2.0)),
        ("lognormal(2s, p95=8s)", Think("lognormal", 2.0, 8.0)),
        ("exponential(1s)", Think("exponential", 1.0, 1.0)),
    ],
)
def test_a_think_time_is_read(text: str, think: Think) -> None:
    assert parse_think(text) == think


@pytest.mark.parametrize(
    "text", ["5", "2s..1s", "lognormal(2s)", "lognormal(0s, p95=1s)", "exponential(0s)", "normal(1s)", "lognormal(8s, p95=2s)"]
)
def test_what_is_no_think_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="s"):
        parse_think(text)


def test_samples_have_the_shape_that_the_text_says() -> None:
    source = random.Random(5)
    lognormal = sorted(parse_think("lognormal(2s, p95=8s)").sample(source) for _ in range(20_000))
    uniform = [parse_think("1s..3s").sample(source) for _ in range(2_000)]
    exponential = [parse_think("exponential(2s)").sample(source) for _ in range(20_000)]

    assert 1.9 < statistics.median(lognormal) < 2.1
    assert 7.4 < lognormal[19_000] < 8.6
    assert 1 <= min(uniform) < 1.1
    assert 2.9 < max(uniform) <= 3
    assert 1.9 < statistics.fmean(exponential) < 2.1
    assert parse_think("1s").sample(source) == 1


@pytest.mark.parametrize(
    ("text", "figure", "comparison", "bound"),
    [
        ("p99 < 400ms", "p99", "<", 0.4),
        ("p99.9<=1s", "p99.9", "<=", 1.0),
        ("errors < 0.5%", "errors", "<", 0.005),
        ("errors == 0", "errors", "==", 0.0),
        ("dropped == 0", "dropped", "==", 0.0),
        ("queries <= 3", "queries", "<=", 3.0),
        ("mean < 20ms", "mean", "<", 0.02),
        ("rate >= 40/s", "rate", ">=", 40.0),
        ("max  <  2s", "max", "<", 2.0),
    ],
)
def test_an_objective_is_read(text: str, figure: str, comparison: str, bound: float) -> None:
    objective = parse_objective(text)

    assert (objective.figure, objective.comparison) == (figure, comparison)
    assert objective.bound == pytest.approx(bound)


@pytest.mark.parametrize(
    "text",
    [
        "p99",
        "p99 < 4",
        "p0 < 1s",
        "p100 < 1s",
        "p9x < 1s",
        "latency < 1s",
        "errors < 1s",
        "queries < 3ms",
        "p99 = 1s",
        "rate > 5",
        "p99 < 1s abort",
    ],
)
def test_what_is_no_objective_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.split(maxsplit=1)[0]):
        parse_objective(text)


@pytest.mark.parametrize(("text", "share"), [("1/50", 0.02), ("2%", 0.02), ("100%", 1.0), ("1/1", 1.0)])
def test_a_share_is_read(text: str, share: float) -> None:
    assert parse_fraction(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["1/0", "3/2", "0%", "150%", "half", "0.02"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        parse_fraction(text)
