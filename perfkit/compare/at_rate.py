"""What the change of service times does to response times at the scenario's rate: both versions' measured times, queued.

One window of plain load per version says what a request computes at that rate (decision 0035), and its response times check the
size of what is simulated: it gates nothing, and a contradiction is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from perfkit.compare.comparison import AtRate, Window
from perfkit.compare.observed import Observed
from perfkit.compare.pairs import SIDES
from perfkit.compare.settings import Settings
from perfkit.compare.timed import Inside, Timed
from perfkit.evidence import Missing, Table
from perfkit.stats.quantiles import Numbers, of_unordered
from perfkit.stats.resampled_queue import SHARES, Parts, ResponseChange, Served, Traffic, change
from perfkit.units import show_time

# Of the shares that are simulated: a window of seconds has no p99.
CHECKED: Final = SHARES[:2]
# With fewer requests a window says nothing, not even of what size response times are.
FEWEST: Final = 10
# Further apart than half an order of magnitude, the one contradicts the other.
APART: Final = 3.0


def at_rate(timed: Sequence[Timed], observed: Observed, settings: Settings) -> AtRate | Missing:
    """Of the client's times, since what the server does before and after the application also keeps it busy."""
    usable = [one for one in timed if len(one.client.a)]
    load = settings.load
    if isinstance(load, Missing):
        return load
    if not usable:
        return Missing("no request was answered well by both versions")
    names = tuple(one.endpoint for one in usable)
    served = [_served(one) for one in usable]
    computing = dearer(dict(zip(names, served, strict=True)), observed.windows)
    weights = tuple(float(one.sent) for one in usable)
    factors = (1.0,) if isinstance(computing, Missing) else computing
    traffic = Traffic(load.rate, load.servers, load.discipline, weights, load.quantum, factors)
    found = change(served, traffic, seed=settings.seed)
    return AtRate(load.rate, load.servers, str(load.discipline), names, found, measured(observed.windows), computing)


def dearer(served: Mapping[str, Served], windows: Table) -> tuple[float, float] | Missing:
    """Of base's and head's window: the CPU seconds of a request there, per second that it is not waiting when asked in turn."""
    if isinstance(windows, Missing):
        return windows
    if windows["cpu"].null_count():
        return Missing("what the target computed in a window is not known, since perfkit did not start it or it ended")
    known = windows.filter(pl.col("endpoint").cast(pl.String).is_in(list(served)))
    found: list[float] = []
    for place, side in enumerate(SIDES):
        rows = known.filter(pl.col("side").cast(pl.String) == side)
        if rows.height < FEWEST:
            return Missing(f"only {rows.height} requests of a window were of endpoints that are compared")
        busy = {name: one.parts[place].busy() for name, one in served.items()}
        # Of the very requests that the window had: one login more or less is much of what all of them compute.
        in_turn = float(np.mean([busy[name] for name in rows["endpoint"].cast(pl.String)]))
        found.append(float(rows["cpu"][0]) / in_turn)
    return found[0], found[1]


def _served(one: Timed) -> Served:
    base, head = one.inside
    return Served(one.client, (_parts(one.client.a, base), _parts(one.client.b, head)))


def _parts(times: Numbers, inside: Inside) -> Parts:
    return Parts(times - inside.computing - inside.waiting, inside.computing, inside.waiting)


def measured(windows: Table) -> tuple[Window, Window] | Missing:
    """Of what was answered well."""
    if isinstance(windows, Missing):
        return windows
    good = windows.filter(pl.col("error").is_null())
    base, head = (good.filter(pl.col("side").cast(pl.String) == side)["response_time"].to_numpy() for side in SIDES)
    if min(len(base), len(head)) < FEWEST:
        return Missing(f"only {min(len(base), len(head))} requests were answered well in a window")
    one, other = (Window(len(times), tuple(zip(CHECKED, of_unordered(times, CHECKED), strict=True))) for times in (base, head))
    return one, other


def contradictions(simulated: AtRate | Missing) -> Iterator[str]:
    """Where a window measured something of another size than what was simulated."""
    if isinstance(simulated, Missing) or isinstance(simulated.windows, Missing):
        return
    for name, window in zip(SIDES, simulated.windows, strict=True):
        apart = [
            f"p{share * 100:g} {show_time(seen)} and not {show_time(said)}"
            for (share, seen), one in zip(window.response_times, simulated.change.together, strict=False)
            if not 1 / APART <= seen / (said := _of(name, one)) <= APART
        ]
        if apart:
            yield (
                f"a window of plain load at the scenario's rate contradicts the simulation of {name} ({', '.join(apart)}): "
                "take the simulated response times for what they are, and measure them with `perfkit run` if they matter"
            )


def _of(name: str, one: ResponseChange) -> float:
    return one.a if name == "base" else one.b
