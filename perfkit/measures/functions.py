"""How long a request stays in one function of the user's: what fixing that function can save at most."""

import math
from dataclasses import dataclass
from typing import Literal

import polars as pl

from perfkit.evidence import Missing
from perfkit.measures import profiles
from perfkit.measures.profiles import Place
from perfkit.stats.proportions import NORMAL_95, wilson

# Below this many samples the interval of a share spans more than a third of the request.
FEWEST_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class FunctionTime:
    """Seconds per request of the endpoint, with a 95 % interval, and where they were read."""

    time: float
    low: float
    high: float
    source: Literal["call tree", "stacks", "statements"]


@dataclass(frozen=True, slots=True)
class Material:
    """What is known of one endpoint; None where it has none."""

    call_trees: pl.DataFrame | None
    stacks: pl.DataFrame | None
    traces: pl.DataFrame | None
    statements: pl.DataFrame | None
    profiled_statements: pl.DataFrame | None


def time_in(call_site: str, material: Material) -> FunctionTime | Missing:
    """The best source that has the function: sampled wall time, the window of its statements, or sampled CPU (a lower bound)."""
    place = profiles.read_call_site(call_site)
    if material.traces is None or material.traces.is_empty():
        return Missing("no request of this endpoint was traced")
    for found in (_from_call_trees(place, material), _from_statements(place, material), _from_stacks(place, material)):
        if found is not None:
            return found
    return Missing(f"{call_site} stands in too few call trees, and its statements do not bound its time")


def _from_call_trees(place: Place, material: Material) -> FunctionTime | None:
    if material.call_trees is None or material.traces is None:
        return None
    mean = _mean(material.traces["wall_time"])
    return _share_of(mean, material.call_trees, place, "call tree")


def _from_stacks(place: Place, material: Material) -> FunctionTime | None:
    if material.stacks is None or material.traces is None:
        return None
    cpu = pl.when("asynchronous").then("loop_time").otherwise("cpu_time")
    mean = _mean(material.traces.select(cpu.fill_nan(None).alias("cpu"))["cpu"])
    return _share_of(mean, material.stacks, place, "stacks")


def _share_of(mean: float, profile: pl.DataFrame, place: Place, source: Literal["call tree", "stacks"]) -> FunctionTime | None:
    samples, time = int(profile["samples"].sum()), float(profile["time"].sum())
    if samples < FEWEST_SAMPLES or time <= 0 or not math.isfinite(mean):
        return None
    share = float(profiles.holding(profile, place)["time"].sum()) / time
    if share == 0:
        return None
    low, high = wilson(share * samples, samples)
    return FunctionTime(share * mean, low * mean, high * mean, source)


def _from_statements(place: Place, material: Material) -> FunctionTime | None:
    """From its first statement's start to its last one's end: what lies between them is the function's too, in threads."""
    traces, statements = material.traces, material.statements
    if traces is None or statements is None or traces["asynchronous"].any():
        return None
    own_shapes = _shapes_issued_at(place, (statements, material.profiled_statements))
    site = pl.col("call_site").cast(pl.String)
    matching = [text for text in statements["call_site"].drop_nulls().unique().cast(pl.String) if _is_at(text, place)]
    # Most stacks are not walked in the measure phase: a shape that comes from nowhere else is this function's.
    issued = statements.filter(site.is_in(matching) | ((site == "") & pl.col("shape").is_in(own_shapes)))
    if issued.is_empty():
        return None
    window = pl.col("started_at") + pl.col("wall_time")
    windows = issued.group_by("trace").agg(time=window.max() - pl.col("started_at").min())["time"]
    requests = traces.height
    mean = float(windows.sum()) / requests
    square = float((windows**2).sum()) / requests - mean**2
    reach = NORMAL_95 * math.sqrt(max(square, 0.0) / requests)
    return FunctionTime(mean, max(mean - reach, 0.0), mean + reach, "statements")


def _shapes_issued_at(place: Place, phases: tuple[pl.DataFrame | None, ...]) -> list[int]:
    """Shapes whose walked executions all came from the function."""
    walked = [phase.select("shape", pl.col("call_site").cast(pl.String)) for phase in phases if phase is not None]
    sites = pl.concat(walked).filter(pl.col("call_site") != "").unique()
    return [
        shape
        for shape, texts in sites.group_by("shape").agg("call_site").iter_rows()
        if all(_is_at(text, place) for text in texts)
    ]


def _is_at(text: str, place: Place) -> bool:
    return text != "" and profiles.is_same_function(profiles.read_call_site(text), place)


def _mean(values: pl.Series) -> float:
    mean = values.mean()
    return float(mean) if isinstance(mean, int | float) else math.nan
