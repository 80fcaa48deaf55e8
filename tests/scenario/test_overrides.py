"""`--set key=value`."""

from pathlib import Path

import pytest

from perfkit.errors import ScenarioError
from perfkit.scenario.model import Ramp, Scenario
from perfkit.scenario.parse import parse

TEXT = """\
perfkit: 1
target: http://127.0.0.1:8000
vars: {page_size: 20}
flows: {main: {steps: [{get: "/?n=${vars.page_size}"}]}}
load: {open: [{rate: 5/s, for: 1s}]}
slo: {"GET /v1.2/items": [p99 < 1s]}
"""


def parsed(folder: Path, *overrides: str) -> Scenario:
    path = folder / "shop.yaml"
    path.write_text(TEXT)
    return parse(path, overrides, environment={})


def test_values_are_replaced_and_read_as_yaml(tmp_path: Path) -> None:
    scenario = parsed(
        tmp_path, "load.open.0.rate=80/s", "vars.page_size=50", "seed=7", "http.timeout=5s", "slo.GET /v1.2/items=[p95 < 2s]"
    )

    assert scenario.load["open"][0].rate == Ramp(80, 80)
    assert scenario.vars == {"page_size": 50}
    assert (scenario.seed, scenario.http.timeout) == (7, 5.0)
    assert scenario.slo.objectives["GET /v1.2/items"][0].text == "p95 < 2s"


def test_the_base_url_can_be_set_in_either_form(tmp_path: Path) -> None:
    assert parsed(tmp_path, "target.base_url=http://localhost:1").target.base_url == "http://localhost:1"
    assert parsed(tmp_path, "target=http://localhost:2").target.base_url == "http://localhost:2"


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("vars.page_syze=50", "vars has no 'page_syze' (did you mean 'page_size'?)"),
        ("flows.mian.weight=2", "flows has no 'mian' (did you mean 'main'?)"),
        ("load.open.1.rate=5/s", "load.open has no item '1' (0 to 0)"),
        ("load.open.0.rte=5/s", "unknown key (did you mean 'rate'?)"),
        ("http.timout=5s", "unknown key (did you mean 'timeout'?)"),
        ("sede=5", "unknown key (did you mean 'seed'?)"),
        ("load.open.0.rate=80", "'80' is not a rate"),
        ("load.open.0.rate.start=80", "load.open.0.rate is '5/s', with nothing below it to set"),
        ("vars.page_size", "is not key=value"),
        ("vars.page_size=[", "the value is not YAML"),
    ],
)
def test_what_cannot_be_set_is_a_fault_of_the_command_line(tmp_path: Path, override: str, fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parsed(tmp_path, override)

    (problem,) = caught.value.problems
    assert problem.where == f"--set {override}"
    assert problem.line is None
    assert fault in problem.message.replace("80 is not", "'80' is not")
