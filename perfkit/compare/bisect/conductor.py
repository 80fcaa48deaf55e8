"""perfkit bisect: which commit between GOOD and BAD made the difference; by a counter if there is one, by time otherwise."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from perfkit.compare import cleanup, sources
from perfkit.compare.bisect import conclusion, contract, line, words
from perfkit.compare.bisect.answer import EXIT_CODES, Answer, Made, Verdict
from perfkit.compare.bisect.beliefs import Observation
from perfkit.compare.bisect.crossing import Crossing, Mark, mark
from perfkit.compare.bisect.difference import Difference, difference
from perfkit.compare.bisect.line import Line
from perfkit.compare.bisect.page import page
from perfkit.compare.bisect.probe import Probe
from perfkit.compare.bisect.prober import Prober, Unprobed, Wish, require_endpoint
from perfkit.compare.bisect.search import Search, Wanted
from perfkit.compare.bisect.shelf import Shelf
from perfkit.compare.change import Change
from perfkit.compare.compare import INTERRUPTED, home
from perfkit.compare.places import Place
from perfkit.compare.sides import Options
from perfkit.errors import PerfkitError
from perfkit.page import Page
from perfkit.report import html, markdown
from perfkit.report.visible import clip, one_line
from perfkit.scenario.model import Scenario
from perfkit.stats.outcome import Rules

UNASKED, TIME = "auto", "time"
# Probes of BAD until it is clear whether there is anything to find.
MOST_OF_BAD: Final = 5
# Of a sentence about a commit that failed; all of it stands in the report.
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    scenario: Scenario
    file: Path
    good: str
    bad: str
    out: Path
    budget: float  # seconds of alternation in a probe
    most: int  # probes
    on_news: Callable[[str], None]
    on_progress: Callable[[str, float], None]
    endpoint: str | None = None
    by: str = UNASKED  # or time, or a counter
    metric: str = "server_time"
    paths: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fresh: bool = False
    cores: int = 1


@dataclass(frozen=True, slots=True)
class Concluded:
    """A search that came to its end, or was interrupted."""

    answer: Answer
    page: Page
    place: Place
    exit_code: int


class Conductor:
    """Keeps what is known so far, so that an interruption loses only the probe that is under way."""

    def __init__(self, asked: Asked, between: Line) -> None:
        self.asked = asked
        self.line = between
        self.began = datetime.now(UTC)
        self.place = Place.new(asked.out, asked.scenario.name, (between.good.slug, between.bad.slug), self.began, "bisect")
        shelf = Shelf.open(asked.out, between.good_tree, asked.scenario, asked.cores, fresh=asked.fresh)
        options = Options(allow=True, cores=asked.cores, on_news=asked.on_news)
        self.prober = Prober(
            asked.scenario, between, shelf, self.place.path / "probes", asked.budget, asked.most, options, asked.on_progress
        )
        self.answer = Answer(Verdict.OPEN, between, caveats=between.caveats)
        self.made: list[Made] = []

    def tell(self, state: str, **more: Any) -> None:
        """Keeps state.json true."""
        good, bad = self.line.good.shown, self.line.bad.shown
        self.place.state(state, pid=os.getpid(), good=good, bad=bad, started_at=self.began.isoformat(timespec="seconds"), **more)

    def search(self) -> None:
        """Does GOOD differ from BAD at all, by what, and since when."""
        if not self.line.commits:
            self.answer = replace(self.answer, verdict=Verdict.NOTHING)
            return
        changes = self._counted() if self.asked.by != TIME else ()
        sought = self._mark(changes)
        self.answer = replace(self.answer, changes=changes)
        if sought is not None:
            self._cross(sought)
        elif self.asked.by not in {UNASKED, TIME}:
            self.answer = replace(self.answer, verdict=Verdict.NOTHING)
        else:
            self._time()

    def conclude(self, *, interrupted: bool) -> Concluded:
        """Writes down what was found."""
        code = INTERRUPTED if interrupted else EXIT_CODES[self.answer.verdict]
        says = page(self.answer, self.place.path.name, self.asked.scenario.name)
        self.place.write("report.html", html.render(says))
        self.place.write("summary.md", markdown.render(says))
        self.place.write("bisect.json", contract.written(self.answer, self.place.path.name, self.asked.scenario.name, code))
        self.tell("interrupted" if interrupted else "finished", answer=self.answer.verdict.value, exit_code=code)
        return Concluded(self.answer, says, self.place, code)

    def _mark(self, changes: tuple[Change, ...]) -> Mark | None:
        counter = None if self.asked.by in {UNASKED, TIME} else self.asked.by
        return mark(changes, self.asked.scenario.compare.margin, self.asked.endpoint, counter)

    def _counted(self) -> tuple[Change, ...]:
        """What was counted of BAD against GOOD; while both are up, they are timed too if no counter is gone by."""
        bad = self.line.commits[-1]
        for known in self.prober.shelf.of(bad.tree):
            if known.changes is not None:
                return known.changes
        self._announce(f"{bad.short} (BAD)")
        wish = Wish(counts=True, times=self.asked.by == UNASKED, enough=lambda changes: self._mark(changes) is not None)
        return self.prober.probe(bad, wish).changes or ()

    def _cross(self, sought: Mark) -> None:
        """By a counter: exact, so every probe halves what is left."""
        crossing = Crossing(len(self.line.commits), sought, self.line.skipped)
        self.asked.on_news(words.by_counter(sought))
        for place, commit in enumerate(self.line.commits, 1):
            counted = [known for known in self.prober.shelf.of(commit.tree) if known.changes is not None]
            for known in counted[-1:]:
                self._take_count(crossing, place, known)
        while (wanted := crossing.next()) is not None and self.prober.left > 0:
            commit = self.line.at(wanted)
            self._announce(commit.short)
            found = self.prober.attempt(commit, Wish(counts=True))
            if isinstance(found, Unprobed):
                crossing.untellable.add(wanted)
                self._failed(wanted, found)
            else:
                self._take_count(crossing, wanted, found)
                self.asked.on_news(words.counted(self.made[-1], crossing, self.line))
            self.answer = conclusion.of_crossing(self.answer, crossing, self.made)
        self.answer = conclusion.of_crossing(self.answer, crossing, self.made)

    def _take_count(self, crossing: Crossing, place: int, found: Probe) -> None:
        if found.changes is None:
            return
        value = crossing.sought.of(found.changes)
        crossing.take(place, value)
        self.made.append(self._made(place, value, 0.0, found))

    def _made(self, place: int, value: float, error: float, found: Probe) -> Made:
        return Made(place, value, error, found.lasted, is_old=not self.prober.is_new(found), told=found.told)

    def _time(self) -> None:
        """By time: first whether there is a step at all, then where."""
        found = self._difference()
        for place, commit in enumerate(self.line.commits, 1):
            for known in self.prober.shelf.of(commit.tree):
                self._take_time(place, found, known)
        if found.state != "differs":
            verdict = Verdict.NOTHING if found.state == "alike" else Verdict.OPEN
            self.answer = replace(self.answer, verdict=verdict, made=tuple(self.made))
            return
        self.asked.on_news(words.by_time(found))
        search = Search(len(self.line.commits), [Observation(one.place, one.value, one.error) for one in self.made])
        for place in sorted(self.line.skipped):
            search.skip(place)
        self._remember(search)
        while (wanted := search.next()) is not None and self.prober.left > 0:
            self._probe(search, found, wanted)
            self._remember(search)

    def _difference(self) -> Difference:
        bad = self.line.commits[-1]
        floor = Rules().floor
        while True:
            known = [one for one in self.prober.shelf.of(bad.tree) if one.timings is not None]
            if known:
                require_endpoint(known[0], self.asked.endpoint, self.asked.metric)
            timings = [one.timings or () for one in known]
            found = difference(timings, self.asked.metric, floor, self.asked.endpoint)
            if found is not None:
                self.answer = replace(
                    self.answer, endpoint=found.endpoint, metric=found.metric, whole=found.interval, timings=timings[0]
                )
                if found.state != "open" or len(known) >= MOST_OF_BAD or self.prober.left <= 0:
                    return found
            self._announce(f"{bad.short} (BAD){', since it is not clear yet whether they differ' if known else ''}")
            self.prober.probe(bad, Wish(times=True))

    def _take_time(self, place: int, found: Difference, probe: Probe) -> bool:
        timing = probe.timing(found.endpoint, found.metric)
        if timing is not None:
            self.made.append(self._made(place, timing.value, timing.error, probe))
        return timing is not None

    def _probe(self, search: Search, found: Difference, wanted: Wanted) -> None:
        commit = self.line.at(wanted.place)
        self._announce(commit.short, words.still(search, wanted, self.answer))
        probe = self.prober.attempt(commit, Wish(times=True))
        if isinstance(probe, Probe) and not self._take_time(wanted.place, found, probe):
            probe = Unprobed(f"{found.endpoint} was not answered well by both")
        if isinstance(probe, Unprobed):
            self._failed(wanted.place, probe)
            search.skip(wanted.place)
            return
        search.take(Observation(wanted.place, self.made[-1].value, self.made[-1].error))
        self.asked.on_news(words.timed(self.made[-1], search, self.line))

    def _failed(self, place: int, why: Unprobed) -> None:
        commit = self.line.at(place)
        self.answer = replace(self.answer, failed=(*self.answer.failed, (place, why.why)))
        self.asked.on_news(f"{commit.short} cannot be probed and is skipped: {clip(one_line(why.why), LONGEST)}")

    def _remember(self, search: Search) -> None:
        entropies = (*self.answer.entropies, search.beliefs.entropy)
        self.answer = conclusion.of_search(replace(self.answer, entropies=entropies), search, self.made)

    def _announce(self, what: str, more: str = "") -> None:
        number, most = self.prober.made + 1, self.prober.made + self.prober.left
        self.asked.on_news(f"probe {number} of at most {most}: {what}{more}")
        self.tell("running", probe=number, commit=what)


def bisect(asked: Asked) -> Concluded:
    """Raises what keeps it from searching; nothing but reports and the probes on the shelf is left, however it ends."""
    for news in cleanup.recover():
        asked.on_news(news)
    folder = home(asked.scenario, asked.file)
    good, bad = (sources.read(text, folder) for text in (asked.good, asked.bad))
    between = line.read(good, bad, asked.paths, asked.skip)
    asked.on_news(words.of_line(between))
    conductor = Conductor(asked, between)
    conductor.tell("running")
    try:
        conductor.search()
    except KeyboardInterrupt:
        conductor.tell("interrupted")
        if conductor.answer.whole is None and not conductor.made:
            raise
        return conductor.conclude(interrupted=True)
    except PerfkitError as error:
        conductor.tell("failed", failure=error.message)
        raise
    return conductor.conclude(interrupted=False)
