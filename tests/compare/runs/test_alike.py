"""In what two runs may not differ without being told."""

from typing import Any

import pytest

from perfkit.compare.runs import alike
from perfkit.errors import ComparisonError
from tests import builders
from tests.compare.runs.runs import SCENARIO, a_record, a_run

ALIKE = a_record()


def unlike(**fields: Any) -> tuple[str, ...]:
    return alike.differences(ALIKE, a_record(run=a_run(**fields)))


def test_runs_of_two_commits_are_alike() -> None:
    assert unlike(commit="9" * 40, id="another") == ()


def test_another_checkout_of_the_same_scenario_is_the_same_scenario() -> None:
    launch = {"command": ["/there/shop/.venv/bin/gunicorn", "app:app"], "cwd": "/there/shop"}
    here = SCENARIO | {"target": {"launch": {"command": ["/here/shop/.venv/bin/gunicorn", "app:app"], "cwd": "/here/shop"}}}

    told = alike.differences(
        a_record(run=a_run(resolved=here)), a_record(run=a_run(resolved=SCENARIO | {"target": {"launch": launch}}))
    )

    assert told == ()


def test_objectives_and_profiling_make_no_other_scenario() -> None:
    assert unlike(resolved=SCENARIO | {"slo": {"all": ["p99 < 1s"]}, "profiling": {"for": 10}}) == ()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"flows": {"browse": ["GET /products"]}}, "flows"),
        ({"load": {"open": [{"rate": 20.0}]}}, "load"),
        ({"seed": 2}, "seed"),
        ({"target": {"launch": {"command": ["gunicorn", "app:app", "--threads", "4"]}}}, "target.launch"),
    ],
)
def test_another_load_or_launch_is_named(changes: dict[str, Any], named: str) -> None:
    assert unlike(resolved=SCENARIO | changes) == (f"they played different scenarios: {named} differ",)


def test_workers_python_libraries_and_machine_are_named() -> None:
    worker = {"pid": 1, "server": "gunicorn", "python": "3.12.1"}

    told = unlike(serving=(worker, worker), libraries={"flask": "3.0"}, machine={"cores": 4, "tools": {"locust": "2"}})

    assert told == (
        "base has 1 serving processes, head has 2",
        "base runs on Python 3.11.7, head on 3.12.1",
        "base and head have different libraries: flask 3.1 and 3.0",
        "they ran on different machines: cores 2 and 4",
    )


def test_a_dirty_baseline_and_a_run_that_broke_off_are_named() -> None:
    dirty = a_record(run=a_run(dirty=True))

    assert alike.differences(dirty, ALIKE) == ("the baseline ran with uncommitted changes: what it ran will not be there again",)
    assert alike.differences(ALIKE, dirty) == ()
    assert unlike(state="died") == ("head came to no proper end (died)",)


def test_an_invalid_run_is_refused_on_either_side() -> None:
    invalid = a_record(run=a_run(generator=builders.a_generator(cpu_share=0.99)))

    with pytest.raises(ComparisonError, match=r"base, .*, is an invalid run: the generator used 99 % of its core") as raised:
        alike.require_baseline(invalid, ALIKE)
    assert "can be no baseline" in raised.value.hint
    with pytest.raises(ComparisonError, match=r"head, .*, is an invalid run"):
        alike.require_baseline(ALIKE, invalid)


def test_what_is_not_on_record_is_a_doubt_and_no_likeness() -> None:
    old = a_record(run=a_run(libraries={}, commit="7" * 40))

    assert alike.differences(ALIKE, old) == ()
    assert any("which libraries the two runs had is not on record" in doubt for doubt in alike.doubts(ALIKE, old))
    assert any("of the same commit" in doubt for doubt in alike.doubts(ALIKE, ALIKE))
