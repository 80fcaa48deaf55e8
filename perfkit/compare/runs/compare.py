"""Two runs on record, compared: read, refused when they are unlike, judged, written down. Nothing is run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from perfkit.compare import contract, likeness, sources
from perfkit.compare.compare import COUNTERS, EXIT_CODES, Concluded, version, views
from perfkit.compare.places import Place
from perfkit.compare.runs import alike, counted, judge, on_record, times
from perfkit.compare.runs.on_record import OnRecord
from perfkit.compare.runs.page import page
from perfkit.compare.settings import Settings
from perfkit.compare.subject import Subject, Version
from perfkit.evidence import Missing
from perfkit.scenario.comparison import Compare
from perfkit.stats.outcome import Rules

NOT_ASKED: Final = Missing("--tiers left them out")
NOT_PROFILED: Final = Missing("of two runs on record nothing can be profiled any more; the report of each has its own profiles")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; `comparing` is what the scenario file, or head's own scenario, goes by."""

    base: Path
    head: Path
    out: Path
    tiers: frozenset[int]
    on_news: Callable[[str], None]
    comparing: Compare | None = None
    margin: float | None = None
    allow: bool = False
    allow_answers: bool = False


def compare(asked: Asked) -> Concluded:
    """Raises ComparisonError for runs that are unlike, EvidenceError for what is no run."""
    asked.on_news("reading both runs")
    base, head = on_record.read(asked.base), on_record.read(asked.head)
    alike.require_baseline(base, head)
    differences = likeness.allowed(alike.differences(base, head), allow=asked.allow)
    settings = _settings(asked, head)
    changes = counted.changes(base, head)
    figures = times.figures(base, head, settings.seed) if asked.tiers - {COUNTERS} else NOT_ASKED
    comparison = judge.judge(base, head, changes, figures, settings)
    began = datetime.now(UTC)
    place = Place.new(asked.out, base.run.scenario, (_slug(base), _slug(head)), began)
    subject = Subject(
        place.path.name, base.run.scenario, began.isoformat(timespec="seconds"), _version(asked.base), _version(asked.head),
        differences,
    )  # fmt: skip
    place.keep("counters", counted.table(base, head))
    says = page(comparison, subject, () if isinstance(figures, Missing) else figures)
    code = EXIT_CODES[comparison.answer]
    views(place, says)
    place.write("comparison.json", contract.written(comparison, subject, code, NOT_PROFILED))
    place.state("finished", base=subject.base.shown, head=subject.head.shown, answer=comparison.answer.value, exit_code=code)
    return Concluded(comparison, says, place, code)


def _settings(asked: Asked, head: OnRecord) -> Settings:
    comparing = asked.comparing or Compare.model_validate(head.run.resolved.get("compare") or {})
    return Settings(
        rules=Rules(margin=asked.margin or comparing.margin),
        gate=frozenset(comparing.gate),
        burst_sizes=(),
        allow_answers=asked.allow_answers,
        seed=int(head.run.resolved.get("seed") or 0),
    )


def _version(path: Path) -> Version:
    return version(sources.read(str(path), path))


def _slug(one: OnRecord) -> str:
    return one.run.commit[: sources.SHORT] or "nogit"
