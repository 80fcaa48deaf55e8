"""A series of runs that is registered before its first: what is planned, what was begun, what came of it; nothing runs twice.

A ledger of JSON lines (docs/results/compare/<bench>-<series>.jsonl) is the memory, so that a later session goes on where it
ends. Its first line is the registration: protocol, seeds, order. A run's number is written down before it starts. One that was
begun and never ended (the machine went down, the bench was interrupted) is a line of its own, and another number with another
seed is appended for it; whatever `perfkit compare` itself said or failed to say is the result of that number, for good.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.results import RESULTS, ROOT, commit, now
from perfkit.compare import git
from perfkit.errors import ComparisonError
from perfkit.target.machine import cpu_model

COMPARE = "compare"  # the folder below docs/results in which the ledgers of a group of benches lie
LEDGERS = RESULTS / COMPARE
# What a series measures: when it has changed, what follows is no longer the same series.
PROTOCOL = "perfkit"
# Rooms of it that have no say in what a series finds: how it is asked for and shown, and what other groups of benches are about.
NO_SAY = ("perfkit/cli/", "perfkit/report/", "perfkit/detectors/", "perfkit/analyze/", "perfkit/importers/", "perfkit/load/many/")
# Below the conductors, what no comparison imports (tests/bench/compare/test_registered.py).
OF_CAPACITY_ALONE = (
    "perfkit/run/again.py", "perfkit/target/handover.py", "perfkit/stats/allen_cunneen.py", "perfkit/stats/limit_search.py",
    "perfkit/stats/load_factor.py", "perfkit/stats/miss_curve.py", "perfkit/stats/usl.py",
)  # fmt: skip
# What a comparison only does on request, which no bench of them makes.
ON_REQUEST = ("perfkit/compare/instructions.py", "perfkit/compare/callgrind.py")
ELSEWHERE = {
    COMPARE: ("perfkit/capacity/", *OF_CAPACITY_ALONE, *ON_REQUEST, "perfkit/compare/pages/", "perfkit/compare/history/"),
    "capacity": ("perfkit/compare/", "perfkit/capacity/pages/"),
}
# What only one bench looks at: it gates nothing, and no other bench reads its figures.
OF_ONE_BENCH = {"at-rate": ("perfkit/compare/at_rate.py", "perfkit/stats/resampled_queue.py")}
BROKEN_OFF = "broken off"
# Seeds of the numbers that stand in for those that were broken off.
INSTEAD = 1_000_000


class RegistrationError(Exception):
    """A series that may not be begun, or not be gone on with; the text says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One planned run: `kind` is what is done in it, `place` the endpoint or service that it is done to."""

    number: int
    seed: int
    kind: str
    place: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A run and what came of it; `found` is the bench's own, and only has `outcome` when it was broken off."""

    item: Item
    found: dict[str, Any]

    @property
    def was_broken_off(self) -> bool:
        return self.found.get("outcome") == BROKEN_OFF


class Series:
    """The ledger of one series; without a path it is kept in memory, for a try."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lines: list[dict[str, Any]] = []
        if path is not None and path.exists():
            self._lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]

    @property
    def is_registered(self) -> bool:
        return bool(self._lines)

    @property
    def facts(self) -> dict[str, Any]:
        """What the bench found out and fixed when the series was registered (sizes that were calibrated, say)."""
        known: dict[str, Any] = self._lines[0]["facts"]
        return known

    @property
    def protocol(self) -> str:
        return str(self._lines[0]["protocol"])

    @property
    def commit(self) -> str:
        """That it was registered on; `+` only says that something else had changed besides."""
        return str(self._lines[0]["commit"]).removesuffix("+")

    def register(self, items: Iterable[Item], facts: dict[str, Any], protocol: str) -> None:
        if self.is_registered:
            raise RegistrationError("the series is registered already: it goes on as it was planned")
        self._write(
            {
                "registered": now(), "commit": commit(), "protocol": protocol, "cpu": cpu_model(Path("/proc/cpuinfo")),
                "cores": len(os.sched_getaffinity(0)), "facts": facts, "items": [asdict(item) for item in items],
            }
        )  # fmt: skip

    def require(self, protocol: str, then: str) -> None:
        """Raises when what is there now is not what the series was registered with.

        `then` is what the commit of the registration measures by what is *now* known to have a say: a room that turns out to
        have none may be left out in the middle of a series; one that has a say may not have changed.
        """
        if protocol not in (self.protocol, then):
            raise RegistrationError(
                f"what it measures of {PROTOCOL}/ is not what was registered ({self.protocol[:10]}): check that out, "
                "or register another series with --series"
            )

    @property
    def planned(self) -> tuple[Item, ...]:
        """In the order that they run in: as registered, then what stands in for those that were broken off."""
        first = [Item(**item) for item in self._lines[0]["items"]]
        broken = [one.item for one in self.ended if one.was_broken_off]
        last = len(first)
        instead = [Item(last + place, INSTEAD + last + place, one.kind, one.place) for place, one in enumerate(broken, 1)]
        return (*first, *instead)

    @property
    def begun(self) -> frozenset[int]:
        return frozenset(line["begun"] for line in self._lines if "begun" in line)

    @property
    def ended(self) -> tuple[Ended, ...]:
        return tuple(Ended(Item(**line["item"]), line["found"]) for line in self._lines if "ended" in line)

    @property
    def answered(self) -> tuple[Ended, ...]:
        """Without those that were broken off for a reason outside."""
        return tuple(one for one in self.ended if not one.was_broken_off)

    def left(self) -> Iterator[Item]:
        """One after the other, as long as there are any; asked anew after each, since a broken one brings another."""
        while later := [item for item in self.planned if item.number not in self.begun]:
            yield later[0]

    def broken_off(self) -> tuple[Item, ...]:
        """Begun by a process that is gone; each is written down as such when the series is gone on with."""
        over = {one.item.number for one in self.ended}
        return tuple(item for item in self.planned if item.number in self.begun - over)

    def begin(self, item: Item) -> None:
        if item.number in self.begun:
            raise RegistrationError(f"run {item.number} was begun before: no run is made twice")
        self._write({"begun": item.number, "at": now(), "commit": commit()})

    def end(self, item: Item, found: dict[str, Any]) -> None:
        if item.number not in self.begun or item.number in {one.item.number for one in self.ended}:
            raise RegistrationError(f"run {item.number} is not under way")
        self._write({"ended": item.number, "at": now(), "item": asdict(item), "found": found})

    def _write(self, line: dict[str, Any]) -> None:
        self._lines.append(line)
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as ledger:
            ledger.write(json.dumps(line, separators=(",", ":")) + "\n")
            ledger.flush()
            # A machine that goes down in this run must not forget that it was begun.
            os.fsync(ledger.fileno())


def protocol(group: str = COMPARE, bench: str = "", root: Path = ROOT) -> str:
    """A name for what a bench of a group measures, as it is committed; what is not committed cannot be registered."""
    without = [f":(exclude){room}" for room in _no_say(group, bench)]
    if git.tell(root, "status", "--porcelain", "--", PROTOCOL, *without):
        raise RegistrationError(f"{PROTOCOL}/ has uncommitted changes: commit them, so that what is measured has a name")
    return protocol_of("HEAD", group, bench, root)


def protocol_of(revision: str, group: str = COMPARE, bench: str = "", root: Path = ROOT) -> str:
    """The same of any commit; raises when the repository does not have it."""
    listed = git.tell(root, "ls-tree", "-r", revision, "--", PROTOCOL).splitlines()
    counted = [line for line in listed if not line.partition("\t")[2].startswith(_no_say(group, bench))]
    return hashlib.sha1("\n".join(counted).encode(), usedforsecurity=False).hexdigest()


def _no_say(group: str, bench: str) -> tuple[str, ...]:
    others = [room for name, rooms in OF_ONE_BENCH.items() if name != bench for room in rooms]
    return (*NO_SAY, *ELSEWHERE[group], *others)


def opened(bench: str, name: str, plan: Callable[[], tuple[Sequence[Item], dict[str, Any]]], group: str = COMPARE) -> Series:
    """The series to go on with, registered now if it is new; ends the bench when it may not be gone on with."""
    series = Series(RESULTS / group / f"{bench}-{name}.jsonl")
    try:
        tree = protocol(group, bench)
        if not series.is_registered:
            series.register(*plan(), tree)
        series.require(tree, protocol_of(series.commit, group, bench))
    except (RegistrationError, ComparisonError) as error:
        sys.exit(f"{bench}, series {name}: {error}")
    return series


def kept(bench: str, name: str, group: str = COMPARE) -> Series:
    """A series to be looked at only; ends the bench when there is none."""
    series = Series(RESULTS / group / f"{bench}-{name}.jsonl")
    if not series.is_registered:
        sys.exit(f"{bench}: there is no series {name}")
    return series


def tried(plan: Callable[[], tuple[Sequence[Item], dict[str, Any]]], runs: int, kinds: Sequence[str]) -> Series:
    """A few of the planned runs, of which nothing is written down."""
    try:
        items, facts = plan()
    except RegistrationError as error:
        sys.exit(f"a try: {error}")
    wanted = [item for item in items if not kinds or item.kind in kinds]
    series = Series(None)
    series.register(wanted[:runs], facts, "")
    return series
