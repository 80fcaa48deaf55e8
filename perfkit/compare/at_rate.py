"""What the change of service times does to response times at the scenario's rate: both versions' measured times, queued.

One window of plain load per version checks the size of it: it gates nothing, and a contradiction is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

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
    """Of base and head: what is computed for a request, per second of those in turn that it is not seen to wait.

    Around the application the client's times have network in them, and not what a server does after it has answered. By how much
    its processes compute more than the application does is seen in the window, whatever state the machine was in meanwhile.
    """
    if isinstance(windows, Missing):
        return windows
    if windows["cpu"].null_count():
        return Missing("what the target computed in a window is not known, since perfkit did not start it or it ended")
    known = windows.filter(pl.col("endpoint").cast(pl.String).is_in(list(served)) & (pl.col("computing") > 0))
    found: list[float] = []
    for place, side in enumerate(SIDES):
        rows = known.filter(pl.col("side").cast(pl.String) == side)
        if rows.height < FEWEST:
            return Missing(f"only {rows.height} requests of a window were seen from inside")
        beyond = float(rows["cpu"][0]) / float(rows["computing"].to_numpy().mean())
        # Of the very requests that the window had: one login more or less is much of what all of them compute.
        requests = {name: rows.filter(pl.col("endpoint").cast(pl.String) == name).height for name in served}
        computing = sum(count * float(served[name].parts[place].computing.mean()) for name, count in requests.items())
        busy = sum(count * served[name].parts[place].busy() for name, count in requests.items())
        if not computing:
            return Missing("what the application computes was not seen while it was asked in turn")
        found.append(beyond * computing / busy)
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
