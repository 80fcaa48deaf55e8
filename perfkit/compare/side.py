"""A version that is up, and both of them: started at once, by turns in each other's place, and gone when it ends."""

import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from perfkit.collectors import probe_files
from perfkit.collectors.probe_files import ProbeTables
from perfkit.compare.building import Built, Name
from perfkit.compare.likeness import Likeness
from perfkit.compare.sources import Source
from perfkit.compare.turns import turn
from perfkit.errors import ComparisonError, TargetError
from perfkit.evidence import Missing, RunDirectory
from perfkit.scenario.model import Scenario
from perfkit.schemas import TRACES
from perfkit.target import identify, pinning, start
from perfkit.target.pinning import Cores
from perfkit.target.process import Supervised
from perfkit.target.start import Launcher
from perfkit.target.target import Target

# The probe hands over what it has four times a second.
PROBE_FLUSH: Final = 0.6
# Equal for both versions and another one at each restart: an order of sets and dicts may flatter one of them.
HASH_SEED: Final = "PYTHONHASHSEED"
# So much earlier is the first one started: enough for its process to be there, little enough that both come up together.
HEAD_START: Final = 0.05


class Side:
    """One version."""

    def __init__(
        self,
        name: Name,
        source: Source,
        places: tuple[Scenario, Scenario],
        directory: RunDirectory,
        cores: Cores,
        epoch: float,
    ) -> None:
        self.name: Name = name
        self.source = source
        self.scenario = places[False]  # with the base URL that it has now
        self.directory = directory
        self.likeness: Likeness | None = None  # what it says of itself, once it has been up
        self._places = places  # as it is at first, and in the other one's place
        self._cores = cores
        self._epoch = epoch  # CLOCK_MONOTONIC of the comparison's second 0
        self._launchers: tuple[Launcher, Launcher] | None = None
        self._target: Target | None = None
        self._workers = 0  # that serve, once it is known
        self._up = ExitStack()

    @property
    def target(self) -> Target:
        assert self._target is not None
        return self._target

    @property
    def is_ours(self) -> bool:
        """To start and to end."""
        return self._launchers is not None

    def alive(self) -> bool:
        return self._target is not None and start.alive(self._target)

    def traces(self) -> pl.DataFrame:
        """What the probe has seen of all requests answered until now; empty without a probe."""
        found = self.observed().traces
        return pl.DataFrame(schema=TRACES) if isinstance(found, Missing) else found

    def observed(self) -> ProbeTables:
        """The same with statements, waits and what else it saw; times are seconds since the comparison began."""
        if self.is_ours and self.alive():
            time.sleep(PROBE_FLUSH)
        return probe_files.read(self.directory, self._epoch, ())

    def prepare(self, built: Built, stages: Path, stack: ExitStack) -> None:
        """Runs the `before` commands, on the versions' cores, where what they leave running (a database) stays."""
        first, other = (place.target for place in self._places)
        assert first.launch is not None
        assert other.launch is not None
        with speaking_of(self.name, self.source), pinning.inherited(self._cores.versions):
            prepared = start.prepared(first.base_url, first.launch, self.directory, built.environment, stages)
            launcher = stack.enter_context(prepared)
            self._launchers = (launcher, launcher.at(other.base_url, other.launch, built.environment))

    def up(self, seed: int = 0, *, is_exchanged: bool = False) -> None:
        """Starts it, or finds it running."""
        with speaking_of(self.name, self.source), pinning.inherited(self._cores.versions):
            if self._launchers is None:
                self._target = start.attached(self.scenario.target)
                return
            self.scenario = self._places[is_exchanged]
            up = self._launchers[is_exchanged].up({HASH_SEED: str(seed)}, self._workers)
            self._target = self._up.enter_context(up)
            self._workers = self._workers or len(identify.serving(self._target))

    @contextmanager
    def behind(self, prefix: tuple[str, ...]) -> Generator[Supervised]:
        """Started by another program, where it was, and without the probe; it must be down."""
        assert self._launchers is not None
        launcher = self._launchers[self.scenario is self._places[True]]
        with ExitStack() as stack:
            with speaking_of(self.name, self.source), pinning.inherited(self._cores.versions):
                supervised = stack.enter_context(launcher.behind(prefix, {HASH_SEED: "0"}))
            yield supervised

    def down(self) -> None:
        self._up.close()
        self._target = None


@dataclass(slots=True)
class Pair:
    """Both versions."""

    base: Side
    head: Side
    cores: frozenset[int]  # of both versions
    client_cores: frozenset[int]
    differences: tuple[str, ...] = ()  # in what they are unlike besides their code, allowed by the person
    caveats: tuple[str, ...] = ()  # what is doubtful about comparing them
    epoch: float = 0.0  # CLOCK_MONOTONIC of second 0 of all times
    starts: int = field(default=0, init=False)

    def start(self) -> None:
        """Both at once. Each has the other's place every now and then, so that no port and no order of starting is one's own."""
        now = turn(self.starts)
        both = (self.head, self.base) if now.head_first else (self.base, self.head)
        is_exchanged = now.is_exchanged and self.base.is_ours and self.head.is_ours
        seed = self.starts
        self.starts += 1
        at_once((partial(side.up, seed, is_exchanged=is_exchanged) for side in both), HEAD_START)

    def stop(self) -> None:
        at_once(side.down for side in (self.base, self.head))

    def resume(self) -> None:
        """After a stop: as they were, on their places and with their hash seed."""
        self.starts -= 1
        self.start()

    def restart(self, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """New processes on the same data, with the next hash seed; False when one of them is not ours to end.

        While they come up, on a core of their own, something else may be done on ours.
        """
        ours = [side for side in (self.base, self.head) if side.is_ours]
        if not ours:
            meanwhile()
            return False
        # Before either comes up again: it may be where the other one was.
        self.stop()
        at_once((self.start, meanwhile))
        return len(ours) == 2  # noqa: PLR2004  both


def at_once(jobs: Iterable[Callable[[], None]], apart: float = 0.0) -> None:
    """Each in a thread of its own; returns, or raises the first one's error, when all have come to their end."""
    with ThreadPoolExecutor() as pool:
        running: list[Future[None]] = []
        for job in jobs:
            if running:
                time.sleep(apart)
            running.append(pool.submit(job))
    for done in running:
        done.result()


@contextmanager
def speaking_of(name: str, source: Source) -> Generator[None]:
    """What goes wrong inside is told as something of this version."""
    try:
        yield
    except (TargetError, ComparisonError) as error:
        raise ComparisonError(f"{name}, {source.shown}: {error.message}", error.hint) from error
