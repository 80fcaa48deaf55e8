"""`perfkit capacity` on a worker that takes one request at a time and sleeps for 50 ms: twenty in a second at most."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Final

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
PATIENT: Final = 400


def a_scenario(port: int, capacity: str, workers: str = "1") -> str:
    """Of one endpoint; `capacity` is what the scenario says under that key."""
    return f"""\
perfkit: 1
name: sleeper
target:
  base_url: http://127.0.0.1:{port}
  launch: {{command: [gunicorn, "app:app", --workers, "{workers}", --bind, "127.0.0.1:{port}"]}}
get: [/sleep]
load: [{{rate: 5/s, for: 10s}}]
slo: {{all: [p95 < 2s]}}
capacity: {capacity}
"""


def searched(folder: Path, scenario: str, *options: str, application: str = "") -> tuple[Path, dict[str, Any], str]:
    """The folder of the search, its capacity.json, and what was said as one line; `application` is what the target adds."""
    (folder / "app.py").write_text(textwrap.dedent(APPLICATION + application))
    (folder / "sleeper.yaml").write_text(scenario)
    command = [sys.executable, "-m", "perfkit", "capacity", "sleeper.yaml", "--at", "100/s", "--no-calibrate", *options]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=PATIENT, check=False)
    found = list((folder / "reports").glob("*-capacity-sleeper-*"))
    assert len(found) == 1, done.stderr
    (place,) = found
    written: dict[str, Any] = json.loads((place / "capacity.json").read_text())
    assert done.returncode == written["exit_code"], done.stderr
    return place, written, " ".join(done.stdout.split())
