"""With one and two workers searched: what is said of four, with its grade, and what a search of four finds afterwards.

    python -m bench.capacity.four [--budget 3m] [--try]

The target waits and does not compute, so that this machine can serve it with four workers as well; whether such intervals hold
the truth as often as they say is what tests/stats/test_usl.py simulates. One row of docs/results/capacity-four.md.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.capacity.cases import CASES, scenario
from bench.results import Results

CASE: Final = CASES["sleep-bound"]
SLO: Final = {"all": ["p95 < 100ms"]}
AT: Final = "300/s"
COLUMNS: Final = ("1 worker", "2 workers", "said of 4", "grade", "4 workers", "held", f"plan for {AT}", "its grade")


def searched(workers: Sequence[int], budget: str) -> dict[str, Any]:
    """capacity.json of a search of each count, through the command that everybody uses."""
    with TemporaryDirectory(prefix="bench-four-") as folder, scenario(CASE, [{"rate": "10/s", "for": "10s"}], SLO) as content:
        command = content["target"]["launch"]["command"]
        command[command.index("-w") + 1] = "${vary.workers}"
        file = Path(folder) / "scenario.yaml"
        file.write_text(json.dumps(content | {"capacity": {"at": AT, "budget": budget, "vary": {"workers": list(workers)}}}))
        asked = [sys.executable, "-m", "perfkit", "capacity", str(file), "--out", folder, "--no-calibrate", "--no-overload"]
        ended = subprocess.run(asked, check=False, capture_output=True, text=True)
        found = list(Path(folder).glob("*-capacity-*/capacity.json"))
        if ended.returncode != 0 or len(found) != 1:
            sys.exit(ended.stderr + ended.stdout)
        written: dict[str, Any] = json.loads(found[0].read_text())
        return written


def row(few: dict[str, Any], four: dict[str, Any]) -> tuple[str, ...]:
    (said,) = (one for one in few["scaling"]["beyond"] if one["count"] == 4)
    truth, (low, high) = four["limit"]["value"], said["limit"]["interval"]
    plan = few["plan"]
    return (
        *(told(setting["limit"]) for setting in few["settings"]),
        told(said["limit"]),
        said["grade"],
        told(four["limit"]),
        "yes" if low <= truth <= high else "**no**",
        f"{plan['instances']['value']:g} instances",
        plan["grade"],
    )


def told(limit: dict[str, Any]) -> str:
    low, high = limit["interval"]
    return f"{limit['value']:.1f}/s [{low:.1f}, {high:.1f}]"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--budget", default="3m", help="of each count of workers")
    options.add_argument("--try", dest="is_try", action="store_true", help="nothing is kept")
    given = options.parse_args()
    results = Results("capacity-four", "One and two workers searched, and what is said of four", COLUMNS, keeps=not given.is_try)
    results.row(*row(searched((1, 2), given.budget), searched((4,), given.budget)))


if __name__ == "__main__":
    main()
