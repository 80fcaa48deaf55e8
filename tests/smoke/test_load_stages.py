"""Stages of users and of rates in one profile: each begins when the one before it ends, and nothing in flight is cut off."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from perfkit.evidence import GeneratorHealth, RunDirectory
from perfkit.load.driver import driving
from perfkit.load.recorder import read
from perfkit.scenario.model import Scenario
from tests.smoke.echo import listening


def a_scenario(url: str, stages: Sequence[Mapping[str, Any]], *steps: Mapping[str, Any], **parts: Any) -> Scenario:
    flows = {"browse": list(steps) or [{"get": "/ok"}]}
    return Scenario.model_validate({"perfkit": 1, "target": url, "flows": flows, "load": list(stages), **parts})


def run(scenario: Scenario, path: Path) -> tuple[pl.DataFrame, GeneratorHealth]:
    directory, epoch = RunDirectory(path), time.monotonic()
    with driving(scenario, "default", directory, "run", 0.0, epoch) as drive:
        assert set(drive.phases()) <= {"warm-up", "measure"}
    assert drive.health is not None
    return read(directory, epoch)[0], drive.health


def on_record(samples: pl.DataFrame) -> list[str]:
    return sorted(f"{number:016x}" for number in samples["id"])


def test_users_and_rates_follow_each_other_and_every_request_is_counted_once(tmp_path: Path) -> None:
    stages: list[dict[str, Any]] = [
        {"users": "1 -> 3 over 500ms", "warmup": True},
        {"users": 3, "for": "500ms"},
        {"rate": "40/s", "for": "1s", "arrivals": "even"},
        {"rate": "20/s -> 60/s over 500ms", "label": "ramp"},
        {"users": 2, "iterations": 5},
        {"rate": "60/s", "for": "500ms", "arrivals": "even", "label": "spike"},
    ]
    with listening() as target:
        samples, health = run(a_scenario(target.url, stages, {"get": "/slow/0.02"}), tmp_path)

    assert on_record(samples) == sorted(target.ids)
    assert samples["error"].null_count() == samples.height
    assert health.dropped == 0
    assert health.sent == health.finished
    # Those of the crowd are 1 to 3: an arrival is served by nobody of it.
    arrivals = samples.filter(pl.col("virtual_user") > 3)
    assert 85 <= arrivals.height <= 120  # 40 + 30, and about 20 of the ramp's Poisson arrivals


def test_a_users_own_iterations_begin_with_the_stage_that_asks_for_them(tmp_path: Path) -> None:
    stages: list[dict[str, Any]] = [{"users": 2, "for": "500ms", "warmup": True}, {"users": 2, "iterations": 4}]
    with listening() as target:
        samples, _ = run(a_scenario(target.url, stages, {"get": "/slow/0.05"}), tmp_path)

    # What a user has in hand when the stage begins was begun in the one before.
    assert 2 * 4 <= samples.filter(pl.col("phase") == "measure").height <= 2 * 5
    assert on_record(samples) == sorted(target.ids)


def test_a_backlog_is_worked_off_while_users_have_begun(tmp_path: Path) -> None:
    stages: list[dict[str, Any]] = [
        {"rate": "40/s", "for": "500ms", "arrivals": "even", "max_in_flight": 2},
        {"users": 1, "for": "2s"},
    ]
    with listening() as target:
        samples, health = run(a_scenario(target.url, stages, {"get": "/slow/0.1"}), tmp_path)

    arrivals = samples.filter(pl.col("virtual_user") > 1)
    assert (arrivals.height, health.dropped) == (20, 0)
    # Two at a time take a second for what arrived in half of one: the rest left in the stage of the users.
    first_of_users = samples.filter(pl.col("virtual_user") == 1)["sent_at"].min()
    assert arrivals.filter(pl.col("sent_at") > first_of_users).height > 0
    assert on_record(samples) == sorted(target.ids)


def test_flows_that_rates_have_begun_are_played_to_their_end(tmp_path: Path) -> None:
    stages: list[dict[str, Any]] = [{"rate": "20/s", "for": "500ms", "arrivals": "even"}, {"users": 1, "for": "1500ms"}]
    with listening() as target:
        steps = [{"get": "/slow/0.2", "name": "first"}, {"think": "100ms"}, {"get": "/ok", "name": "second"}]
        samples, _ = run(a_scenario(target.url, stages, *steps), tmp_path)

    arrivals = samples.filter(pl.col("virtual_user") > 1)
    assert dict(arrivals.group_by("endpoint").len().iter_rows()) == {"first": 10, "second": 10}
