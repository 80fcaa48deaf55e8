"""Two versions of a target, up at once and asked the same: counted, alternated, crowded, and judged."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from perfkit.compare import alternation, bursts, cleanup, conditions, contract, counters, instructions, sides, sources, windows
from perfkit.compare.alternation import Alternation
from perfkit.compare.comparison import Answer, Comparison
from perfkit.compare.counters import Counters
from perfkit.compare.duration import expected, rounded
from perfkit.compare.judge import judge
from perfkit.compare.load import load_of, peak_of
from perfkit.compare.looks import Looks
from perfkit.compare.observed import Observed
from perfkit.compare.pages.page import page
from perfkit.compare.places import Place
from perfkit.compare.settings import Load, Settings
from perfkit.compare.side import Pair
from perfkit.compare.sides import WORK
from perfkit.compare.sources import Source
from perfkit.compare.subject import Subject, Version
from perfkit.compare.why.explanation import Explanation
from perfkit.compare.why.why import why
from perfkit.errors import PerfkitError
from perfkit.evidence import Missing
from perfkit.page import Page
from perfkit.report import html, junit, markdown
from perfkit.scenario.model import Scenario
from perfkit.stats.outcome import Rules
from perfkit.target import machine
from perfkit.units import show_time

COUNTERS, ALTERNATION, BURSTS = TIERS = (0, 1, 2)
EXIT_CODES: Final = {
    Answer.REGRESSED: 1,
    Answer.DIFFERENT: 8,
    Answer.UNSTABLE: 7,
    Answer.INCONCLUSIVE: 7,
    Answer.IMPROVED: 0,
    Answer.EQUIVALENT: 0,
}
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    scenario: Scenario
    file: Path
    base: str
    head: str
    out: Path
    budget: float  # seconds of alternation, and as many of bursts
    margin: float
    tiers: frozenset[int]
    on_news: Callable[[str], None]
    on_progress: Callable[[str, float], None]
    allow: bool = False
    allow_answers: bool = False
    cores: int = 1
    instructions: bool = False  # counted by valgrind, which takes minutes
    why: bool | None = None  # None: what regressed is explained; True: everything; False: nothing


@dataclass(frozen=True, slots=True)
class Concluded:
    """A comparison that came to its end, or was interrupted after there was something to judge."""

    comparison: Comparison
    page: Page
    place: Place
    exit_code: int


class Conductor:
    """Keeps what the tiers have left so far, so that an interruption loses no more than the block that is under way."""

    def __init__(self, asked: Asked, base: Source, head: Source) -> None:
        self.asked = asked
        self.began = datetime.now(UTC)
        self.place = Place.new(asked.out, asked.scenario.name, (base.slug, head.slug), self.began)
        self.versions = (base, head)
        self.settings = self._settings(Missing("the comparison was interrupted before"))
        self.observed = Observed(
            pairs=self._unless_asked(ALTERNATION),
            bursts=self._unless_asked(BURSTS),
            windows=self._unless_asked(BURSTS),
            counters=self._unless_asked(COUNTERS),
        )
        comparing = asked.scenario.compare
        self.expected = expected(
            asked.tiers,
            asked.budget,
            comparing.restarts,
            len(comparing.bursts),
            has_rate=peak_of(asked.scenario) > 0,
            explains=asked.why is True,
        )
        self.subject = Subject(self.place.path.name, asked.scenario.name, self._at, version(base), version(head))
        self.has_something = False
        self.explanation: Explanation | Missing = Missing("the comparison was interrupted before")
        # Before this process is pinned to the client's cores, and sees no others.
        self.machine = machine.identity()

    @property
    def _at(self) -> str:
        return self.began.isoformat(timespec="seconds")

    def tell(self, state: str, **more: Any) -> None:
        """Keeps state.json true."""
        base, head = self.versions
        self.place.state(state, pid=os.getpid(), base=base.shown, head=head.shown, started_at=self._at, **more)

    def measure(self, pair: Pair) -> None:
        """Exact counts first: they need no quiet, and say at once when two versions do not do the same."""
        self.subject = replace(
            self.subject,
            differences=pair.differences,
            cores=tuple(sorted(pair.cores)),
            client_cores=tuple(sorted(pair.client_cores)),
            caveats=pair.caveats,
            conditions=conditions.of(self.asked.scenario, (pair.base.likeness, pair.head.likeness), self.machine),
        )
        if COUNTERS in self.asked.tiers:
            self._count(pair)
        looks = Looks(self.settings, self.asked.scenario.compare.restarts)
        if ALTERNATION in self.asked.tiers:
            self._alternate(pair, looks)
        if BURSTS in self.asked.tiers:
            self._crowd(pair, looks)
        self.explanation = why(
            pair, judge(self.observed, self.settings), self.observed.pairs,
            wanted=self.asked.why, tell=self.asked.on_news, during=lambda what: self._during(what, "explaining"),
        )  # fmt: skip
        self.settings = self._settings(load_of(pair))

    def conclude(self, *, interrupted: bool) -> Concluded:
        """Judges and writes down."""
        comparison = judge(replace(self.observed, interrupted=interrupted), self.settings)
        says = page(comparison, self.subject, self.explanation)
        code = INTERRUPTED if interrupted else EXIT_CODES[comparison.answer]
        views(self.place, says)
        self.place.write("comparison.json", contract.written(comparison, self.subject, code, self.explanation))
        self.tell("interrupted" if interrupted else "finished", answer=comparison.answer.value, exit_code=code)
        return Concluded(comparison, says, self.place, code)

    def _count(self, pair: Pair) -> None:
        budget = counters.budget_for(self.asked.budget) if len(self.asked.tiers) > 1 else counters.BUDGET
        found = counters.run(pair, budget, self._during("counting", "counting"))
        self.place.keep("counters", found.table)
        self.place.write("counter_details.json", json.dumps(found.details(), indent=1))
        blind = tuple(f"{name}: nothing was counted inside: {why}" for name, why in found.blind.items())
        self.subject = replace(self.subject, caveats=(*self.subject.caveats, *blind))
        self.has_something = True
        self.observed = replace(self.observed, counters=found.changes)
        if self.asked.instructions:
            self._execute(pair, found)

    def _execute(self, pair: Pair, counted: Counters) -> None:
        found = instructions.run(pair, self.place.path / WORK, self._during("counting instructions, which takes minutes"))
        if isinstance(found, Missing):
            self.subject = replace(self.subject, caveats=(*self.subject.caveats, f"instructions were not counted: {found.why}"))
            return
        self.place.keep("instructions", found.table)
        self.place.write("counter_details.json", json.dumps(counted.details() | {"instructions": found.details()}, indent=1))
        self.observed = replace(self.observed, counters=(*counted.changes, *found.changes))

    def _alternate(self, pair: Pair, looks: Looks) -> None:
        restarts = self.asked.scenario.compare.restarts
        try:
            found = alternation.run(pair, self.asked.budget, restarts, self._during("alternating", "alternating"), looks)
        except alternation.Cut as cut:
            self._keep(cut.found, looks)
            raise
        self._keep(found, looks)

    def _keep(self, found: Alternation, looks: Looks) -> None:
        self.place.keep("pairs", found.pairs)
        self.has_something = True
        doubts = found.told.doubts(self.asked.scenario.compare.restarts)
        self.subject = replace(self.subject, caveats=(*self.subject.caveats, *doubts))
        self.observed = replace(
            self.observed,
            pairs=found.pairs,
            pairs_lasted=self.asked.budget * found.share,
            pairs_share=found.share,
            looks=tuple(looks.shares),
            decided=frozenset(looks.decided),
            stopped_early=looks.stopped,
            regressed_early=looks.regressed,
        )

    def _crowd(self, pair: Pair, looks: Looks) -> None:
        sizes = self.asked.scenario.compare.bursts
        if looks.regressed or not sizes:
            why = "the alternation had found a regression beyond the margin" if looks.regressed else "compare.bursts is empty"
            self.observed = replace(self.observed, bursts=Missing(why), windows=Missing(why))
            return
        has_rate = peak_of(pair.base.scenario) > 0
        window = windows.length(self.asked.budget) if has_rate else 0.0
        budget = max(self.asked.budget - 2 * window, self.asked.budget / 2)
        try:
            restarts = self.asked.scenario.compare.restarts
            table = bursts.run(pair, sizes, budget, restarts, self._during("sending bursts", "bursting"))
        except bursts.Cut as cut:
            self._keep_bursts(cut.found, budget, cut.share)
            raise
        self._keep_bursts(table, budget, 1.0)
        if has_rate:
            self._check(pair, window)

    def _keep_bursts(self, table: pl.DataFrame, budget: float, share: float) -> None:
        self.place.keep("bursts", table)
        self.has_something = True
        self.observed = replace(self.observed, bursts=table, bursts_lasted=budget * share, bursts_share=share)

    def _check(self, pair: Pair, window: float) -> None:
        """One pair of windows at the scenario's rate, for what is simulated of it."""
        found = windows.run(pair, window, self.place.path, self._during("checking at the scenario's rate", "checking"))
        if not isinstance(found, Missing):
            self.place.keep("windows", found)
        self.observed = replace(self.observed, windows=found)

    def _during(self, what: str, tier: str | None = None) -> Callable[[float], None]:
        """`tier` is None of what is no part of what was expected."""
        self.asked.on_news(what)
        self.tell("running", tier=what)

        def progress(share: float) -> None:
            left = "" if tier is None else f"about {show_time(rounded(self.expected.left(tier, share)))} to go: "
            self.asked.on_progress(f"{left}{what}", share)

        return progress

    def _unless_asked(self, tier: int) -> Missing:
        return Missing("the comparison was interrupted before" if tier in self.asked.tiers else "--tiers left it out")

    def _settings(self, load: Load | Missing) -> Settings:
        comparing = self.asked.scenario.compare
        return Settings(
            rules=Rules(margin=self.asked.margin),
            gate=frozenset(comparing.gate),
            burst_sizes=comparing.bursts if BURSTS in self.asked.tiers else (),
            load=load,
            allow_answers=self.asked.allow_answers,
            seed=self.asked.scenario.seed,
        )


def compare(asked: Asked) -> Concluded:
    """Raises what keeps it from judging anything; what it started and copied is gone when it ends, however it ends."""
    for news in cleanup.recover():
        asked.on_news(news)
    folder = home(asked.scenario, asked.file)
    conductor = Conductor(asked, sources.read(asked.base, folder), sources.read(asked.head, folder))
    conductor.tell("running")
    asked.on_news(f"this takes about {show_time(rounded(conductor.expected.total))}, once both versions are up")
    options = sides.Options(allow=asked.allow, cores=asked.cores, on_news=asked.on_news)
    try:
        with sides.opened(*conductor.versions, asked.scenario, conductor.place.path, options) as pair:
            conductor.measure(pair)
    except KeyboardInterrupt:
        conductor.tell("interrupted")
        if not conductor.has_something:
            raise
        return conductor.conclude(interrupted=True)
    except PerfkitError as error:
        conductor.tell("failed", failure=error.message)
        raise
    return conductor.conclude(interrupted=False)


def views(place: Place, says: Page) -> None:
    """The page as a person, a pull request and a test report read it."""
    place.write("report.html", html.render(says))
    place.write("summary.md", markdown.render(says))
    place.write("junit.xml", junit.render(says))


def version(source: Source) -> Version:
    return Version(source.kind, source.label, source.commit, source.dirty, source.shown)


def home(scenario: Scenario, file: Path) -> Path:
    """Any folder of the repository in question; `file` is the scenario's."""
    launch = scenario.target.launch
    return Path(launch.cwd) if launch is not None and launch.cwd else file.resolve().parent
