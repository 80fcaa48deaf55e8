"""What the change of service times does to response times at the scenario's rate: both versions' measured times, queued."""

from collections.abc import Sequence

from perfkit.compare.comparison import AtRate
from perfkit.compare.settings import Settings
from perfkit.compare.timed import Timed
from perfkit.evidence import Missing
from perfkit.stats.resampled_queue import Traffic, change


def at_rate(timed: Sequence[Timed], settings: Settings) -> AtRate | Missing:
    """Of the client's times, since what the server does before and after the application also keeps it busy."""
    usable = [one for one in timed if len(one.client.a)]
    load = settings.load
    if isinstance(load, Missing):
        return load
    if not usable:
        return Missing("no request was answered well by both versions")
    weights = tuple(float(one.sent) for one in usable)
    traffic = Traffic(load.rate, load.servers, load.discipline, weights)
    found = change([one.client for one in usable], traffic, seed=settings.seed)
    return AtRate(load.rate, load.servers, str(load.discipline), tuple(one.endpoint for one in usable), found)
