"""The load of the scenario, and what serves it: for what a change of service times does to response times."""

import polars as pl

from perfkit.compare.settings import CLOSED, Load
from perfkit.compare.side import Pair
from perfkit.evidence import Missing
from perfkit.load import demand
from perfkit.load.compile import compile_plan
from perfkit.scenario.model import Scenario
from perfkit.stats.queueing import Discipline
from perfkit.stats.stations import SWITCH_INTERVAL
from perfkit.target import identify


def peak_of(scenario: Scenario) -> float:
    """Requests per second at the peak of the profile that `perfkit run` would take; 0 of closed load."""
    return demand.peak(compile_plan(scenario, scenario.default_load(), 0.0, "compare"))


def load_of(pair: Pair) -> Load | Missing:
    """At the peak; of processes that serve one request each, or several at once."""
    rate = peak_of(pair.base.scenario)
    if not rate:
        return CLOSED
    traces = pair.base.traces()
    if traces.is_empty():
        return Missing("nothing was seen from inside, so it is not known how many processes serve")
    # An event loop, or threads: some request met another one in its process.
    together = bool(traces.select((pl.col("asynchronous") | (pl.col("in_flight") > 1)).any()).item())
    workers = len(identify.serving(pair.base.target)) or traces["pid"].n_unique()
    if not together:
        return Load(rate, workers, Discipline.FIRST_COME)
    return Load(rate, workers, Discipline.SHARING, 0.0 if traces["asynchronous"].any() else SWITCH_INTERVAL)
