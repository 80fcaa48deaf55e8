"""Which resource gives out at which rate, and what one user alone, low load and the overload showed."""

from collections.abc import Iterator

from perfkit.capacity.found import Found
from perfkit.capacity.pages import words
from perfkit.evidence import Missing
from perfkit.page import Block, Chart, Column, Section, Series, Table, Text
from perfkit.units import show_rate, show_share, show_time

TITLE = "What gives out, and when"


def section(found: Found) -> Section:
    if not found.bounds:
        return Section(TITLE, (Text("Not worked out: the search ended before service times were known."),))
    limit = found.limit.value if found.limit is not None else None
    rows = tuple(
        (one.resource, one.servers, one.demand, one.rate, limit / one.rate if limit is not None else None, one.how)
        for one in found.bounds
    )
    columns = (
        Column("resource"), Column("of it", "number"), Column("per request", "time"), Column("all busy at", "rate"),
        Column("busy at the limit", "share"), Column("how it is known"),
    )  # fmt: skip
    table = Table("Bounds, the lowest first", columns, rows, "No rate exceeds a bound; objectives on response times end before.")
    shares = tuple(limit / one.rate for one in found.bounds) if limit is not None else ()
    chart = Chart(
        "Busy at the limit", "bars", "resource", "share of the time", "share",
        (Series("busy", tuple(one.resource for one in found.bounds), shares),),
    )  # fmt: skip
    return Section(TITLE, (table, *([chart] if shares else []), *_texts(found)))


def _texts(found: Found) -> Iterator[Block]:
    prediction, alone, flight, overload = found.prediction, found.alone, found.in_flight, found.overload
    if not isinstance(prediction, Missing):
        few = max(1, prediction.requests // 4)
        wider = show_share(prediction.cost_of(few))
        yield Text(
            f"Predicted from {prediction.requests:,} requests at low load: {words.limit(prediction.limit)} "
            f"({words.precision(prediction.limit)}; with {few:,} requests it would be about ± {wider}). "
            f"{_against(found)}"
        )
    if not isinstance(alone, Missing):
        yield Text(
            f"A request that nobody disturbs takes {show_time(alone.response_time)}: {alone.requests:,} of one user alone."
        )
    if not isinstance(flight, Missing):
        met = flight.by_arrivals
        seen = f"not cross-checked: {met.why}" if isinstance(met, Missing) else f"arriving flows met {met:.3g}"
        yield Text(f"In the target at low load: {flight.by_law:.3g} requests on average by Little's law; {seen}.")
    if isinstance(overload, Missing):
        yield Text(f"Overload: {overload.why}.")
    else:
        recovered = (
            "did not recover within 30 s"
            if overload.recovered_after is None
            else f"was back to normal after {show_time(overload.recovered_after)}"
        )
        yield Text(
            f"Overload: of {show_rate(overload.rate)} offered {show_rate(overload.completed)} were completed, "
            f"{show_rate(overload.good)} of them in time; {show_share(overload.refused)} failed; it {recovered}."
        )
    soak = found.soak
    if not isinstance(soak, Missing):
        said = "confirms the limit" if soak.confirms else "does not confirm the limit"
        slope = (
            "too short for a slope"
            if isinstance(soak.slope, Missing)
            else f"p95 moved by {show_time(soak.slope.slope * 3600)} per hour"
        )
        yield Text(f"Soak at {show_rate(soak.step.offered)}: {said}; {slope}; errors {show_share(soak.step.error_share)}.")


def _against(found: Found) -> str:
    if isinstance(found.prediction, Missing) or found.limit is None or not found.limit.value:
        return ""
    apart = found.prediction.model.limit / found.limit.value - 1
    return f"Measured against it, it was {show_share(abs(apart))} too {'high' if apart > 0 else 'low'}."
