"""A search for capacity as a page: the limit first, then the plan, what gives out, every step, and how it was measured."""

from collections.abc import Iterator

from perfkit.capacity.found import SURE
from perfkit.capacity.pages import against, curves, method, planning, resources, verdict
from perfkit.capacity.result import Result
from perfkit.evidence import Missing
from perfkit.page import Check, Page, Section
from perfkit.version import VERSION


def page(result: Result) -> Page:
    best, subject = result.best, result.subject
    return Page(
        title=f"Capacity of {subject.scenario}",
        subtitle=f"{subject.id} · {subject.started_at}",
        verdict=verdict.sentence(result),
        mood=verdict.mood(result),
        reasons=verdict.reasons(result),
        sections=(
            Section("At a glance", (verdict.figures(result),)),
            *against.sections(result),
            *planning.settings(result),
            planning.section(result),
            resources.section(best),
            curves.section(best),
            method.section(result),
        ),
        checks=tuple(checks(result)),
        footer=f"perfkit {VERSION}. Rates are of requests per second; the limit's interval holds at 90 %.",
    )


def checks(result: Result) -> Iterator[Check]:
    best = result.best
    sure = best.answer in SURE
    yield Check("a limit was found", "run", "passed" if sure else "error", verdict.sentence(result))
    if not isinstance(best.soak, Missing):
        yield Check("the soak confirms it", "objective", "passed" if best.soak.confirms else "failed")
    if not isinstance(result.plan, Missing):
        yield Check("the plan is possible", "objective", "passed" if result.plan.is_possible else "failed")
