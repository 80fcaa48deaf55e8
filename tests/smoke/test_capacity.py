"""perfkit capacity from end to end, on one worker that sleeps: what a person and a machine are told of it."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Final

PORT = 8767
APPLICATION = """
    import threading
    import time

    from flask import Flask

    app = Flask(__name__)
    LOCK = threading.Lock()


    @app.get("/sleep")
    def sleep():
        with LOCK:
            time.sleep(0.05)
        return "slept"
"""
SCENARIO = f"""\
perfkit: 1
name: sleeper
target:
  base_url: http://127.0.0.1:{PORT}
  launch: {{command: [gunicorn, "app:app", --workers, "1", --bind, "127.0.0.1:{PORT}"]}}
get: [/sleep]
load: [{{rate: 5/s, for: 10s}}]
slo: {{all: [p95 < 2s]}}
capacity: {{budget: 60s, headroom: {{lose: 1}}}}
"""
PATIENT: Final = 400


def searched(folder: Path, scenario: str, *options: str) -> tuple[Path, dict[str, Any], str]:
    """The folder of the search, its capacity.json, and what was said."""
    (folder / "app.py").write_text(textwrap.dedent(APPLICATION))
    (folder / "sleeper.yaml").write_text(scenario)
    command = [sys.executable, "-m", "perfkit", "capacity", "sleeper.yaml", "--at", "100/s", "--no-calibrate", *options]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=PATIENT, check=False)
    found = list((folder / "reports").glob("*-capacity-sleeper-*"))
    assert len(found) == 1, done.stderr
    (place,) = found
    written: dict[str, Any] = json.loads((place / "capacity.json").read_text())
    assert done.returncode == written["exit_code"], done.stderr
    return place, written, done.stdout


def test_a_search_ends_with_a_limit_a_plan_and_a_run_for_every_step(tmp_path: Path) -> None:
    place, written, said = searched(tmp_path, SCENARIO, "--soak", "12s")

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


def test_every_value_is_searched_on_a_target_of_its_own_and_the_better_one_is_recommended(tmp_path: Path) -> None:
    varied = SCENARIO.replace('"1", --bind', '"${vary.workers}", --bind')
    varied = varied.replace("budget: 60s", "budget: 30s, vary: {workers: [1, 2]}")

    _, written, said = searched(tmp_path, varied, "--no-overload")

    assert [one["setting"] for one in written["settings"]] == [{"workers": 1}, {"workers": 2}]
    one, two = (min(bound["rate"] for bound in setting["bounds"]) for setting in written["settings"])
    assert 1.8 < two / one < 2.2
    assert written["recommended"] == {"workers": 2}
    assert "Workers 2: it takes" in said
