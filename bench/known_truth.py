"""Whether perfkit tells the truth, against servers whose truth is known.

    python -m bench.known_truth [--seconds 60] [--mean 40ms] [--cases stall queue] [--look]

stall   A server answers at once, but does nothing for 1 s of every 5 s; 200 requests a second, evenly spaced. A fifth of them
        come while it stalls and wait for what is left of the second: p90, p95 and p99 are 500, 750 and 950 ms.
queue   A server takes one request at a time and logs how long each took. Lindley's recursion over the instants at which this
        very run's requests were meant to leave, and over the times that the server logged, gives every response time there
        should have been; perfkit's p50, p95 and mean are held against it. What the way to the server and back takes is in
        perfkit's figures and not in the recursion's: it is measured first, with a server that takes no time, and shown.

`perfkit run` does all of it; what is compared are the figures of findings.json, and the mean of samples.parquet. Every case is a
row of docs/results/known-truth.md (--look: of none). A miss ends the bench with exit code 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bench import command
from bench.results import Results
from perfkit.stats.quantiles import of_unordered
from perfkit.units import parse_time

SERVER = "bench.queueing_server"
STALL_RATE = 200
STALLED = {"p90": 0.500, "p95": 0.750, "p99": 0.950}
STALL_MARGIN = 0.03
MOST_P50 = 0.005
QUEUE_MARGIN = 0.01
UTILISATIONS = (0.5, 0.8)
WARM_UP = 2.0
FLOOR_RATE, FLOOR_SECONDS = 50, 4
COLUMNS = (
    *("case", "figure", "truth", "perfkit", "deviation", "allowed", "passed"),
    *("way there and back", "median request off by", "left late, mean", "from when they left", "requests", "validity"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number against its truth."""

    name: str
    truth: float
    found: float
    margin: float

    @property
    def deviation(self) -> float:
        return self.found / self.truth - 1

    @property
    def passes(self) -> bool:
        return abs(self.deviation) <= self.margin


class Bench:
    """Writes rows, and remembers whether one was missed."""

    def __init__(self, folder: Path, seconds: float, results: Results) -> None:
        self.folder = folder
        self.seconds = seconds
        self.has_missed = False
        self._results = results

    def stall(self) -> None:
        load = [{"rate": f"{STALL_RATE}/s", "for": f"{self.seconds}s", "arrivals": "even"}]
        with command.serving(SERVER, "--stall", "1/5", "--log", self.folder / "stall.log") as url:
            ran = command.run(self.folder, scenario(url, load))
        total = ran.findings["endpoints"][0]["response_time"]
        unknown = ("–", "–", show(late(ran.samples)), "–")
        # Of the median only a bound is known: what a loopback takes.
        p50 = Figure("p50", MOST_P50, total["p50"], 0.0)
        self._row("stall", p50, ran, unknown, f"< {show(MOST_P50)}", passes=p50.found < MOST_P50)
        for name, truth in STALLED.items():
            figure = Figure(name, truth, total[name], STALL_MARGIN)
            self._row("stall", figure, ran, unknown, f"{STALL_MARGIN:.0%}", passes=figure.passes)

    def queues(self, mean: float) -> None:
        floor = self._floor()
        for service in ("constant", "exponential"):
            for utilisation in UTILISATIONS:
                self._queue(service, mean, utilisation, floor)

    def _queue(self, service: str, mean: float, utilisation: float, floor: float) -> None:
        log = self.folder / "queue.log"
        rate = f"{utilisation / mean:g}/s"
        # The warm-up opens connections; its requests are in the recursion like all others, and in no figure, as in the report.
        load: list[Mapping[str, object]] = [
            {"rate": rate, "for": f"{WARM_UP}s", "warmup": True},
            {"rate": rate, "for": f"{self.seconds}s"},
        ]
        with command.serving(SERVER, "--service", service, "--mean", mean, "--log", log) as url:
            ran = command.run(self.folder, scenario(url, load))
        samples = ran.samples.sort("intended_at")
        measured = recursion(samples, logged(log)).filter(pl.col("phase") == "measure")
        truth = measured["true_time"].to_numpy()
        found = (measured["finished_at"] - measured["intended_at"]).to_numpy()
        total = ran.findings["endpoints"][0]["response_time"]
        p50, p95 = of_unordered(truth, (0.50, 0.95))
        beside = (show(floor), show(float(np.median(found - truth))))
        # What a late generator did to the target is no fault of the figures: beside each stands what is left of its deviation
        # when the recursion goes by the instants at which requests really left.
        after = measured["time_as_sent"].to_numpy()
        after_p50, after_p95 = of_unordered(after, (0.50, 0.95))
        for figure, as_sent in (
            (Figure("p50", p50, total["p50"], QUEUE_MARGIN), after_p50),
            (Figure("p95", p95, total["p95"], QUEUE_MARGIN), after_p95),
            (Figure("mean", float(truth.mean()), float(found.mean()), QUEUE_MARGIN), float(after.mean())),
        ):
            self._row(
                f"{service}, {show(mean)}, {utilisation:.0%} busy",
                figure,
                ran,
                (*beside, show(late(ran.samples)), f"{figure.found / as_sent - 1:+.2%}"),
                f"{QUEUE_MARGIN:.0%}",
                passes=figure.passes,
            )

    def _floor(self) -> float:
        """What a request takes in the median when the server takes no time."""
        load = [{"rate": f"{FLOOR_RATE}/s", "for": f"{FLOOR_SECONDS}s"}]
        with command.serving(SERVER, "--log", self.folder / "floor.log") as url:
            ran = command.run(self.folder, scenario(url, load))
        p50: float = ran.findings["endpoints"][0]["response_time"]["p50"]
        return p50

    def _row(self, case: str, figure: Figure, ran: command.Ran, beside: Sequence[str], allowed: str, *, passes: bool) -> None:
        self.has_missed |= not passes
        deviation = f"{figure.deviation:+.2%}" if figure.margin else "–"
        self._results.row(
            *(case, figure.name, show(figure.truth), show(figure.found), deviation, allowed, "yes" if passes else "**no**"),
            *(
                *beside,
                f"{ran.findings['total']['requests']:,}",
                ran.findings["validity"]["state"],
            ),
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60.0, help="of each case; the stall wants a multiple of 5")
    options.add_argument("--mean", type=parse_time, default=0.040, help="service time of the queue")
    options.add_argument("--cases", nargs="+", choices=("stall", "queue"), default=("stall", "queue"))
    options.add_argument("--look", action="store_true", help="show, and write nothing down")
    given = options.parse_args()
    results = Results(
        "known-truth", "Known truth: perfkit's figures against servers whose truth is known", COLUMNS, keeps=not given.look
    )
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), given.seconds, results)
        if "stall" in given.cases:
            bench.stall()
        if "queue" in given.cases:
            bench.queues(given.mean)
    if bench.has_missed:
        sys.exit("at least one figure missed its truth")


def scenario(url: str, load: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    return {"perfkit": 1, "name": "known-truth", "target": url, "flows": {"visit": [{"get": "/"}]}, "load": {"open": load}}


def logged(log: Path) -> pl.DataFrame:
    """What the server says: id, served (seconds)."""
    lines = [text.split() for text in log.read_text().splitlines()]
    known = [(int(name, 16), int(taken) / 1e9) for name, taken in lines if name != "-"]
    return pl.DataFrame(known, schema={"id": pl.UInt64, "served": pl.Float64}, orient="row")


def recursion(samples: pl.DataFrame, service_times: pl.DataFrame) -> pl.DataFrame:
    """The samples with the response time that each should have had: it waits until everyone has been served who came before.

    Who that was, the server says: two requests that leave within a fraction of a millisecond may change places on their way.
    `time_as_sent` is the same for requests that come when they left, and not when they were meant to.
    """
    joined = service_times.join(samples, on="id", how="inner", maintain_order="left")
    if not joined.height == samples.height == service_times.height:
        sys.exit(f"perfkit has {samples.height} requests on record, the server {service_times.height}")
    served = joined["served"].to_list()
    meant = joined["intended_at"].to_numpy()
    as_meant = ends(joined["intended_at"].to_list(), served) - meant
    return joined.with_columns(true_time=as_meant, time_as_sent=ends(joined["sent_at"].to_list(), served) - meant)


def ends(arrivals: Sequence[float], served: Sequence[float]) -> npt.NDArray[np.float64]:
    """When each has been served, by Lindley's recursion."""
    free_at = 0.0
    found: list[float] = []
    for arrival, taken in zip(arrivals, served, strict=True):
        free_at = max(free_at, arrival) + taken
        found.append(free_at)
    return np.array(found)


def late(samples: pl.DataFrame) -> float:
    """How late requests left in the mean: on a machine that does other things as well, it explains a miss."""
    return float((samples["sent_at"] - samples["intended_at"]).to_numpy().mean())


def show(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms"


if __name__ == "__main__":
    main()
