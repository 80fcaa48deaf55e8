"""Whether every request is on record once, on both sides, with several generator processes at work.

    python -m bench.nothing_lost [--processes 4] [--seconds 60] [--rate 4000] [--look]

nginx counts what it has served (stub_status); the run's health is what the master says; the rows of samples.parquet, by their
worker, are what the workers wrote. All of them must be the same number, and no id may be there twice. Then the same with users
instead of a rate. Every run is a row of docs/results/nothing-lost.md. A difference ends the bench with exit code 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench import command
from bench.nginx import nginx, served
from bench.results import Results

USERS = 200
COLUMNS = (
    "load",
    "processes",
    "nginx",
    "master: sent",
    "master: finished",
    "on record",
    "by worker",
    "ids",
    "errors",
    "the same",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--processes", type=int, default=4)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--rate", type=int, default=4000, help="requests a second")
    options.add_argument("--look", action="store_true", help="show, and write nothing down")
    given = options.parse_args()
    results = Results("nothing-lost", "Nothing lost, nothing doubled", COLUMNS, keeps=not given.look)
    loads: tuple[Mapping[str, object], ...] = ({"rate": f"{given.rate}/s"}, {"users": USERS})
    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder)) as url:
        same = [compare(Path(folder), url, load, given.processes, given.seconds, results) for load in loads]
    if not all(same):
        sys.exit("the counts differ")


def compare(folder: Path, url: str, load: Mapping[str, object], processes: int, seconds: float, results: Results) -> bool:
    """One run, counted on all sides."""
    scenario: dict[str, object] = {
        "perfkit": 1,
        "name": "nothing-lost",
        "target": url,
        "flows": {"visit": [{"get": "/items/${rand.int(1, 1000)}"}]},
        "load": {"main": [{**load, "for": f"{seconds}s"}]},
    }
    if processes > 1:
        scenario["generator"] = {"processes": processes}
    before = served(url)
    ran = command.run(folder, scenario)
    # The one that asks now is among them.
    seen = served(url) - before - 1
    samples, health = ran.samples, ran.run["generator"] or {}
    workers = dict(sorted(samples.group_by("worker").len().iter_rows()))
    counts = (seen, health.get("sent"), health.get("finished"), samples.height, sum(workers.values()), samples["id"].n_unique())
    is_same = len(set(counts)) == 1 and len(workers) == processes
    results.row(
        *(" ".join(f"{key} {value}" for key, value in load.items()), str(processes)),
        *(f"{seen:,}", f"{health.get('sent')}", f"{health.get('finished')}", f"{samples.height:,}"),
        " + ".join(str(count) for count in workers.values()),
        *(f"{samples['id'].n_unique():,}", str(samples["error"].count()), "yes" if is_same else "**no**"),
    )
    return is_same


if __name__ == "__main__":
    main()
