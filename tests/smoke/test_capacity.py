"""perfkit capacity from end to end, on one worker that sleeps: what a person and a machine are told of it."""

from pathlib import Path

from tests.smoke.capacities import a_scenario, searched

PORT = 8767


def test_a_search_ends_with_a_limit_a_plan_and_a_run_for_every_step(tmp_path: Path) -> None:
    scenario = a_scenario(PORT, "{budget: 60s, headroom: {lose: 1}}")

    place, written, said = searched(tmp_path, scenario, "--soak", "12s")

    setting = written["settings"][0]
    assert {"report.html", "summary.md", "junit.xml"} <= {path.name for path in place.iterdir()}
    # One worker that sleeps for 50 ms takes one request at a time, and twenty of them in a second at most.
    assert 0.05 < setting["alone"]["response_time"] < 0.075
    (slots,) = (bound for bound in setting["bounds"] if bound["resource"] == "worker slots")
    assert slots["servers"] == 1
    (lock,) = (bound for bound in setting["bounds"] if bound["resource"] == "lock of app.py:8")
    assert 0.045 < lock["demand"] < 0.06
    assert min(bound["rate"] for bound in setting["bounds"]) < 20.5
    assert setting["predicted"]["limit"]["value"] < 20.5
    kinds = [step["kind"] for step in setting["steps"]]
    assert kinds[0] == "low load"
    for step in setting["steps"]:
        assert (place / step["folder"] / "samples.parquet").exists()
        assert (place / step["folder"] / "traces.parquet").exists()
    assert "within all: p95 < 2s" in said
    limit = setting["limit"]
    low, high = limit["interval"]
    assert 10 < low <= limit["value"] < 21
    # Of a single step that held, nobody knows how far above it the limit is.
    assert high is None or limit["value"] <= high < 21
    # Twenty in a second is all that it can do, however many come; half of that it does at once when the others have gone.
    assert setting["overload"]["offered_rate"] > 1.3 * limit["value"]
    assert 15 < setting["overload"]["achieved_rate"] < 21
    assert setting["overload"]["refused"] == 0
    assert setting["overload"]["recovered_after"] is not None
    assert 0.8 * low < setting["soak"]["rate"] < low
    assert kinds[-1] == "soak"
