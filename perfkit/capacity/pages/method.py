"""How it was measured, and what a search for capacity cannot see."""

from perfkit.capacity.driven import SETTLING
from perfkit.capacity.result import Result
from perfkit.capacity.step import Usage
from perfkit.evidence import Floor
from perfkit.page import Column, Section, Table, Text
from perfkit.units import show_rate, show_share, show_time


def section(result: Result) -> Section:
    best, subject = result.best, result.subject
    near = best.nearest or (best.steps[0] if best.steps else None)
    usage = near.usage if near is not None else None
    floor = best.floor
    rows = (
        ("scenario", subject.scenario),
        ("commit", (subject.commit[:12] or "outside git") + (", dirty" if subject.dirty else "")),
        ("machine", subject.machine), ("serving processes", str(best.workers or "not known")),
        ("searched for", show_time(best.lasted)),
        ("cores of the target near the limit", _cores(usage.target if usage else None)),
        ("cores of the generator near the limit", _cores(usage.generator if usage else None)),
        ("the generator's share of the machine", _share(usage)),
        ("the generator can send at most", show_rate(floor.rate) if isinstance(floor, Floor) else floor.why),
    )  # fmt: skip
    text = Text(
        "First one user alone, who waits for nobody, then low load, for what a request takes of each resource. Requests are "
        f"queued by simulation for a prediction. Steps of open load around it follow, {show_time(SETTLING)} of each not judged; "
        "a step counts when what was offered was completed and the generator was well. One factor, how much more load the target "
        "feels than the model thinks, is fitted to the requests that missed the objectives; its interval resamples steps and "
        "their blocks of two seconds. A limit measured beside a busy generator on the same machine is the limit of both."
    )
    return Section("How it was measured", (Table("Conditions", (Column("what"), Column("value")), rows), text))


def _share(usage: Usage | None) -> str:
    if usage is None or usage.generator is None or not usage.cores:
        return "not known"
    return show_share(usage.generator / usage.cores)


def _cores(used: float | None) -> str:
    return "not known" if used is None else f"{used:.2f}"
