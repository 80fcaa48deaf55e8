"""Makes the probes of a search one after the other: each commit checked out, built, started beside GOOD, and gone again."""

import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from perfkit.compare.bisect import probe as probes
from perfkit.compare.bisect.line import Commit, Line
from perfkit.compare.bisect.probe import Bench, Probe
from perfkit.compare.bisect.shelf import Shelf
from perfkit.compare.change import Change
from perfkit.compare.sides import Options
from perfkit.compare.sources import Source
from perfkit.errors import ComparisonError, LoadError, TargetError
from perfkit.scenario.model import Scenario
from perfkit.scenario.suggestions import did_you_mean

GOOD: Final = "GOOD"


@dataclass(frozen=True, slots=True)
class Unprobed:
    """A commit that does not build, start or answer."""

    why: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a probe is to find out."""

    counts: bool = False
    times: bool = False
    enough: Callable[[tuple[Change, ...]], bool] = lambda _: False  # of counts: then nothing is timed


class Prober:
    """`left` counts attempts: a build that fails takes its time too."""

    def __init__(
        self, scenario: Scenario, line: Line, shelf: Shelf, folder: Path, budget: float, most: int, options: Options,
        on_progress: Callable[[str, float], None],
    ) -> None:  # fmt: skip
        self.shelf = shelf
        self.left = most
        self.made = 0  # attempts
        self._new: list[Probe] = []
        self._scenario = scenario
        self._line = line
        self._folder = folder
        self._budget = budget
        self._options = options
        self._on_progress = on_progress

    def probe(self, commit: Commit, wish: Wish) -> Probe:
        """Raises what went wrong."""
        self.left -= 1
        self.made += 1
        began = time.monotonic()
        directory = self._folder / f"{self.made:02}-{commit.short}"
        version = Source("revision", commit.short, commit.hash, repository=self._line.repository)
        # What is built and started is news once; of later probes the result is.
        options = self._options if self.made == 1 else replace(self._options, on_news=None)
        with named(), probes.opened(self._line.good, version, self._scenario, directory, options) as bench:
            found = self._measured(bench, commit, wish)
        found = replace(found, lasted=time.monotonic() - began)
        self.shelf.add(found)
        self._new.append(found)
        return found

    def is_new(self, probe: Probe) -> bool:
        """Made by this prober, and not found on the shelf."""
        return any(one is probe for one in self._new)

    def attempt(self, commit: Commit, wish: Wish) -> Probe | Unprobed:
        """The same of a commit that may be broken; what befalls GOOD is not the commit's doing, and is raised."""
        try:
            return self.probe(commit, wish)
        except (ComparisonError, TargetError, LoadError) as error:
            if error.message.startswith(GOOD):
                raise
            return Unprobed(error.message)

    def _measured(self, bench: Bench, commit: Commit, wish: Wish) -> Probe:
        found = Probe(commit.tree)
        if wish.counts:
            changes, told = bench.count(self._during("counting", commit))
            found = replace(found, changes=changes, told=told)
        if wish.times and not (found.changes is not None and wish.enough(found.changes)):
            timings, told = bench.time(self._budget, self._during("alternating", commit))
            found = replace(found, timings=timings, told=(*found.told, *told))
        return found

    def _during(self, what: str, commit: Commit) -> Callable[[float], None]:
        return lambda share: self._on_progress(f"probe {self.made}, {commit.short}: {what}", share)


@contextmanager
def named() -> Generator[None]:
    """A comparison speaks of its base and its head; here they are GOOD and the commit."""
    try:
        yield
    except (ComparisonError, TargetError, LoadError) as error:
        named = re.sub(r"^base\b", GOOD, error.message)
        raise type(error)(re.sub(r"^head\b,? ?", "", named), error.hint) from error


def require_endpoint(found: Probe, endpoint: str | None, metric: str) -> None:
    """Raises ComparisonError with the endpoints that there are."""
    names = sorted({one.endpoint for one in found.timings or () if one.metric == metric})
    if names and endpoint in {None, *names}:
        return
    if not names:
        raise ComparisonError(
            "GOOD and BAD have no endpoint that both answer well, and often enough: there are no times to search by",
            hint="Look at what they answer (perfkit compare GOOD BAD --tiers 0), or give a longer --budget.",
        )
    raise ComparisonError(
        f"there is no endpoint {endpoint!r}{did_you_mean(endpoint or '', names)}", hint=f"There are {', '.join(names)}."
    )
