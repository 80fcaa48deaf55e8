"""What requests have in turns (locks, connections, other services, the server's slots): how many there are, and for how long."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from perfkit.evidence import Missing
from perfkit.measures import services
from perfkit.measures.frames import Numbers, numbers, present
from perfkit.measures.lazy import Measures
from perfkit.measures.utilisation import Resource
from perfkit.schemas import GAUGES
from perfkit.units import show_number, show_time

# What is in use for less of the time at low load gives out after everything else.
LEAST_USED: Final = 0.005
# Threads that requests spend most of their time in are what requests queue for; others are helpers.
SPENT_THERE: Final = 0.5
_SLOTS: Final[Mapping[str, Resource]] = {"slots": "worker slots", "thread_pool": "thread pool"}
_HELD: Final[Mapping[str, Resource]] = {"lock": "lock", "pool": "database pool"}


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """One thing of which there are `servers`; a time per request."""

    resource: Resource
    where: str
    servers: int
    times: Numbers  # without waiting for it, and without what is counted elsewhere already
    mean: float  # that a request has it for, all told
    seen: Numbers  # as it was at low load: other services answer later when others ask them too
    how: str

    @property
    def name(self) -> str:
        return f"{self.resource} of {self.where}" if self.where else self.resource


@dataclass(frozen=True, slots=True)
class Slots:
    """Requests that are worked on at a time, by whatever the server hands them to."""

    resource: Resource
    count: int
    how: str


def of(measures: Measures, undisturbed: Measures) -> tuple[Shared, ...]:
    """Rows are those of measures.traces; `undisturbed` is a run of one user alone."""
    held = tuple(_held(measures))
    has_pool = any(one.resource == "database pool" for one in held)
    return (*held, *_services(measures, undisturbed, without_database=has_pool))


def slots(measures: Measures) -> Slots | Missing:
    """Of all processes together, for a request goes to any of them."""
    looked = _looked(measures)
    if isinstance(looked, Missing):
        return looked
    for kind, resource in _SLOTS.items():
        own = looked.filter(pl.col("resource") == kind)
        if own.is_empty():
            continue
        name, size, used, processes = own.sort("used").row(-1)[1:]
        if kind == "thread_pool" and used < SPENT_THERE * _inside(measures):
            continue
        places = f"in {processes} processes" if processes > 1 else "in one process"
        return Slots(resource, round(size), f"{name}, {places}")
    return Missing("the probe saw no limit to how many requests are worked on at a time")


def _inside(measures: Measures) -> float:
    """Requests in the target, in the mean (Little's law)."""
    interval = measures.run.interval("measure")
    wall = float(measures.traces["wall_time"].sum())
    return wall / interval.duration if interval is not None and interval.duration else 0.0


def _looked(measures: Measures) -> pl.DataFrame | Missing:
    """Per resource and name: places of all processes, how many were in use in the mean, processes."""
    interval = measures.run.interval("measure")
    if interval is None:
        return Missing("the run has no measure phase")
    if isinstance(measures.evidence.gauges, Missing):
        return measures.evidence.gauges
    rows = present(measures.evidence.gauges, GAUGES).filter(pl.col("at").is_between(interval.started_at, interval.finished_at))
    named = rows.with_columns(pl.col("resource", "name").cast(pl.String))
    each = named.group_by("resource", "name", "pid").agg(pl.col("size").max(), pl.col("used").mean())
    return each.group_by("resource", "name").agg(pl.col("size", "used").sum(), processes=pl.len())


def _held(measures: Measures) -> Iterator[Shared]:
    """By Little's law: how many were out in the mean is how often they are taken times how long they are kept."""
    looked, interval = _looked(measures), measures.run.interval("measure")
    count = measures.traces.height
    if isinstance(looked, Missing) or interval is None or not count:
        return
    for kind, resource in _HELD.items():
        for name, size, used, _ in looked.filter(pl.col("resource") == kind).drop("resource").sort("name").iter_rows():
            if not size or used < LEAST_USED * size:
                continue
            each = used * interval.duration / count
            times = each * _weights(measures, resource)
            yield Shared(resource, name, round(size), times, each, times, f"held {show_time(each)} per request in the mean")


def _weights(measures: Measures, resource: Resource) -> Numbers:
    """Who has it for how long, around 1: connections go with the time at the database, of locks nobody knows."""
    database = np.nan_to_num(numbers(measures.traces["database_time"]))
    if resource == "lock" or not database.any():
        return np.ones(len(database))
    weights: Numbers = database / database.mean()
    return weights


def _services(measures: Measures, undisturbed: Measures, *, without_database: bool) -> Iterator[Shared]:
    """Only those that let callers wait when several ask: how many others can be asked at once is not known."""
    found = services.asked(measures.evidence, services.times_alone(undisturbed.evidence))
    known = () if isinstance(found, Missing) else found
    outbound = sum(one.under_way for one in known if one.name != services.DATABASE)
    for one in known:
        is_database = one.name == services.DATABASE
        if (is_database and without_database) or isinstance(one.places, Missing) or isinstance(one.undisturbed, Missing):
            continue
        column = "database_time" if is_database else "outbound_time"
        share = 1.0 if is_database else one.under_way / outbound
        seen = share * np.nan_to_num(numbers(measures.traces[column]))
        times = share * _undisturbed(measures, undisturbed, column)
        answers = f"answers {show_number(one.places)} at a time" if one.places > 1 else "answers one at a time"
        how = f"{answers}, after {show_time(one.undisturbed)} when nobody else asks"
        yield Shared(
            "database" if is_database else "outbound dependency", one.name, one.places, times, float(times.mean()), seen, how
        )


def _undisturbed(measures: Measures, undisturbed: Measures, column: str) -> Numbers:
    """For each request the time of another that nobody disturbed: what waited, scaled down, would still be spread by waiting."""
    random = np.random.default_rng(0)
    seen = np.nan_to_num(numbers(measures.traces[column]))
    endpoints = measures.traces["endpoint"].cast(pl.String).to_numpy()
    for (name,), own in undisturbed.traces.group_by(pl.col("endpoint").cast(pl.String)):
        rows = np.flatnonzero(endpoints == name)
        seen[rows] = random.choice(np.nan_to_num(numbers(own[column])), len(rows))
    return seen
