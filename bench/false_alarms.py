"""How often a healthy service is told to fix something: short runs of the mended shop, one after the other.

    python -m bench.false_alarms [--runs 10] [--scenario scenarios/shop-mended.yaml]

Every run is a line of docs/results/false-alarms.md: commit, machine, findings above a hint. None is the only good answer.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results" / "false-alarms.md"
HEAD = """# False alarms: runs of mended services

| when | commit | scenario | machine | requests | findings above a hint |
|---|---|---|---|---|---|
"""
SHORT = ("--duration", "15s", "--set", "profiling.for=10s", "--no-calibrate")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=10)
    options.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "shop-mended.yaml")
    wanted = options.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    if not RESULTS.exists():
        RESULTS.write_text(HEAD)
    total = 0
    for _ in range(wanted.runs):
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-m", "perfkit", "run", str(wanted.scenario), "--out", out, *SHORT]
            ended = subprocess.run(command, check=False, capture_output=True, text=True)
            found = Path(out, "latest", "findings.json")
            if not found.exists():
                sys.exit(ended.stderr)
            line, alarms = told(json.loads(found.read_text()), json.loads(Path(out, "latest", "run.json").read_text()))
        total += alarms
        print(line, end="", flush=True)
        with RESULTS.open("a") as results:
            results.write(line)
    print(f"{total} findings above a hint in {wanted.runs} runs")


def told(found: dict[str, Any], run: dict[str, Any]) -> tuple[str, int]:
    """The line of a run, and how many findings it has above a hint."""
    findings = [one for one in found["findings"] if one["level"] not in ("hint", "refuted")]
    machine = run["machine"]
    shown = f"{machine['cores']} cores, {machine['cpu']}, {machine['noise']['grade']}"
    named = ", ".join(f"{one['rule']} at {one['endpoint']}" for one in findings) or "none"
    when = datetime.now(UTC).isoformat(timespec="seconds")
    commit = f"{str(run['commit'])[:10]}{'+' if run['dirty'] else ''}"
    return f"| {when} | {commit} | {run['scenario']} | {shown} | {found['total']['requests']} | {named} |\n", len(findings)


if __name__ == "__main__":
    main()
