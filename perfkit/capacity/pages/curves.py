"""What happened at each rate: response times against the objectives, completed against offered, cores in use."""

from collections.abc import Callable, Sequence

import numpy as np

from perfkit.capacity.found import Found
from perfkit.capacity.pages import words
from perfkit.capacity.step import SHOWN, Step
from perfkit.evidence import Missing
from perfkit.page import Band, Chart, Column, Section, Series, Table

OFFERED = "offered, requests per second"


def section(found: Found) -> Section:
    steps = sorted((one for one in found.steps if one.kind != "soak" and one.offered), key=lambda one: one.offered)
    charts = (_response_times(found, steps), _rates(found, steps), _cores(found, steps), *_missed(found, steps))
    intro = f"Every point is a step of open load; {words.times(len(found.counted), 'step')} count for the limit."
    return Section("Steps", (*charts, _table(found)), intro)


def _response_times(found: Found, steps: Sequence[Step]) -> Chart:
    rates = tuple(one.offered for one in steps)
    lines = [
        Series(f"p{share * 100:g}", rates, tuple(one.response_times[place] for one in steps)) for place, share in enumerate(SHOWN)
    ]
    ends = (steps[0].offered, steps[-1].offered) if steps else ()
    bounds = [Series(limit.title, ends, (limit.bound,) * len(ends)) for limit in found.limits]
    return Chart(
        "Response time", "lines", OFFERED, "response time", "time", (*lines, *bounds), _bands(found), x_unit="rate",
        note="The flat lines are the objectives; the band is the interval of the limit.",
    )  # fmt: skip


def _rates(found: Found, steps: Sequence[Step]) -> Chart:
    wanted = Series("offered", tuple(one.offered for one in steps), tuple(one.offered for one in steps))
    series = (_line("completed", steps, lambda one: one.achieved), wanted)
    return Chart(
        "Completed",
        "lines",
        OFFERED,
        "completed",
        "rate",
        series,
        _bands(found),
        x_unit="rate",
        note="The knee is where the two part.",
    )


def _cores(found: Found, steps: Sequence[Step]) -> Chart:
    series = (
        _line("target", steps, lambda one: one.usage.target),
        _line("generator", steps, lambda one: one.usage.generator),
        _line("the whole machine", steps, lambda one: one.usage.busy),
    )
    cores = max((one.usage.cores for one in steps), default=0)
    return Chart(
        "Processor cores in use", "lines", OFFERED, "cores", "number", series, _bands(found), x_unit="rate", note=f"Of {cores}."
    )


def _missed(found: Found, steps: Sequence[Step]) -> tuple[Chart, ...]:
    """Prediction against measurement: the share of requests that miss the objective that is missed first."""
    prediction = found.prediction
    if isinstance(prediction, Missing) or not steps:
        return ()
    place = int(np.argmin(prediction.model.limits))
    limit, curve = found.limits[place], prediction.model.curves[place]
    top = 1.15 * max(one.offered for one in steps)
    rates = [float(rate) for rate in curve.rates if rate <= top]
    shares = [float(share) for share in curve.share(np.array(rates))] if rates else []
    series = (
        Series("predicted", tuple(rates), tuple(shares)),
        _line("measured", steps, lambda one: one.reached[place].missed),
        Series("allowed", (0.0, top), (limit.allowed, limit.allowed)),
    )
    title = f"Requests that miss {limit.title}"
    return (Chart(title, "lines", OFFERED, "share", "share", series, _bands(found), x_unit="rate"),)


def _bands(found: Found) -> tuple[Band, ...]:
    limit = found.limit
    return () if limit is None or limit.high == float("inf") else (Band("limit", limit.low, limit.high),)


def _line(name: str, steps: Sequence[Step], value: Callable[[Step], float | None]) -> Series:
    return Series(name, tuple(one.offered for one in steps), tuple(value(one) for one in steps))


def _table(found: Found) -> Table:
    columns = (
        Column("step", "number"), Column("kind"), Column("offered", "rate"), Column("completed", "rate"),
        *(Column(f"p{share * 100:g}", "time") for share in SHOWN),
        *(Column(f"missed {limit.title}", "share") for limit in found.limits),
        Column("errors", "share"), Column("cores", "number"), Column("result"), Column("folder", "code"),
    )  # fmt: skip
    rows = tuple(
        (
            one.number, one.kind, one.offered, one.achieved, *one.response_times, *(reached.missed for reached in one.reached),
            one.error_share, None if one.usage.target is None else round(one.usage.target, 2), _result(one), one.folder,
        )
        for one in found.steps
    )  # fmt: skip
    return Table("Steps in the order in which they were driven", columns, rows, "Each folder is a run: perfkit analyze FOLDER.")


def _result(step: Step) -> str:
    if step.state == "counted":
        said = "held" if step.held else f"missed {', '.join(step.missed_objectives)}"
        return said if step.validity.state == "valid" else f"{said} (suspect: {'; '.join(step.validity.reasons)})"
    return f"{step.state}: {step.why}" if step.why else step.state
