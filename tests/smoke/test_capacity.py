"""perfkit capacity from end to end, on one worker that sleeps: what a person and a machine are told of it."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

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
capacity: {{budget: 30s, headroom: {{lose: 1}}}}
"""


def test_a_search_ends_with_a_limit_a_plan_and_a_run_for_every_step(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(textwrap.dedent(APPLICATION))
    (tmp_path / "sleeper.yaml").write_text(SCENARIO)
    command = [sys.executable, "-m", "perfkit", "capacity", "sleeper.yaml", "--at", "100/s", "--no-overload", "--no-calibrate"]

    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=240, check=False)

    (place,) = (tmp_path / "reports").glob("*-capacity-sleeper-*")
    written: dict[str, Any] = json.loads((place / "capacity.json").read_text())
    setting = written["settings"][0]
    assert done.returncode == written["exit_code"], done.stderr
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
    assert "within all: p95 < 2s" in done.stdout or "No limit was found" in done.stdout
