"""Which resource limits the service, by rule, with the utilisation that proves it; two that are full together are both named.

A resource that is full only because what is in it waits for another one that is full is where the waiting shows, not why there
is any: the deeper one is named. What is full at the end of a chain of waiting is the bottleneck.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from perfkit.evidence import Missing, Placement, Run
from perfkit.measures.utilisation import Resource, Utilisation
from perfkit.units import show_share
from perfkit.validity import INVALID_CPU_SHARE

# A server that is busy nine tenths of the time has a queue of nine (M/M/1): what comes in addition does not get through. The
# reference (comparison-and-capacity 3.5.8) has 0.9 of a core for CPU; bench/capacity/bottlenecks.py tries it on known targets.
FULL: Final = 0.9
# Naps do not see the interpreter's lock held for less than half a millisecond, so that it is full before they say so; the
# reference has 0.8 for it.
FULL_LOCK: Final = 0.8
# Two limits that bind within a tenth of each other change places with the mix of requests: both have to be raised.
CLOSE: Final = 0.1
# Below it nothing is a bottleneck yet: the first of several is who happens to have more work.
LEAST: Final = 0.5
# Of the time in the workers' slots (and in threads that they hand work to): more than half is what fills them.
FILLS: Final = 0.5
# Part of the server time (measures.breakdown) that is spent in, or waiting for, a resource.
PARTS: Final[Mapping[Resource, tuple[str, ...]]] = {
    "worker CPU": ("cpu", "other"),
    "GIL": ("cpu", "other"),
    "event loop": ("cpu", "other"),
    "database pool": ("pool_wait", "database"),
    "database": ("pool_wait", "database"),
    "lock": ("lock", "other"),
    "outbound dependency": ("outbound", "connect"),
}
# Where requests wait for all the others: full because of them, as a rule.
UPSTREAM: Final[tuple[Resource, ...]] = ("accept queue", "worker slots", "thread pool")


@dataclass(frozen=True, slots=True)
class Bottlenecks:
    """What limits the service, the fullest first; none when nothing is used enough to be a limit."""

    named: tuple[Utilisation, ...]
    is_full: bool  # the limit was reached; else these will be full first
    is_generator: bool = False  # the generator was the limit: nothing was measured of the target
    besides: tuple[str, ...] = ()  # of resources that are in use as much and were not named: why

    @property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(dict.fromkeys(one.resource for one in self.named))

    @property
    def told(self) -> str:
        """All that are named, each with the utilisation that proves it."""
        return " and ".join(_told(one) for one in self.named)


def name(used: Sequence[Utilisation], parts: Mapping[str, float], cores: int) -> Bottlenecks:
    """`parts` are the shares of server time (see parts()); `cores` how many the target may use."""
    generator = next((one for one in used if one.resource == "generator"), None)
    if generator is not None and _share(generator) >= INVALID_CPU_SHARE:
        return Bottlenecks((generator,), is_full=True, is_generator=True)
    used = [one for one in sorted(used, key=_share) if one.resource != "generator" and _share(one) >= LEAST]
    known: dict[Resource, Utilisation] = {one.resource: one for one in used}
    dropped = _symptoms(known, parts, cores)
    kept = sorted((one for one in known.values() if one.resource not in dropped), key=_fullness, reverse=True)
    named = tuple(one for one in kept if _fullness(one) >= _fullness(kept[0]) - CLOSE)
    besides = tuple(f"{kind} ({show_share(_share(known[kind]))}): {why}" for kind, why in dropped.items())
    return Bottlenecks(named, any(_fullness(one) >= FULL for one in known.values()), besides=besides)


def parts(breakdown: pl.DataFrame, endpoints: pl.DataFrame) -> dict[str, float]:
    """Share of all server time by part of measures.breakdown; each endpoint counts by all of its time (measures.endpoints)."""
    names = sorted({part for parts in PARTS.values() for part in parts})
    rows = breakdown.join(endpoints.select("endpoint", "server_total"), on="endpoint").filter(pl.col("server_time") > 0)
    total = float(rows["server_total"].sum())
    weights = rows["server_total"] / rows["server_time"]
    return {part: float((rows[part].fill_nan(0.0) * weights).sum()) / total for part in names} if total > 0 else {}


def cores(run: Run) -> int:
    """That the target may use: its own, else the machine's."""
    placed = run.placement.get("target", Placement(Missing("not on record"))).cores
    known = run.machine.get("cores", 1)
    return int(known) if isinstance(placed, Missing) or not placed else len(placed)


def _told(one: Utilisation) -> str:
    share = "" if isinstance(one.share, Missing) else f" ({show_share(one.share)} in use)"
    place = f" of {one.where}" if one.where else ""
    return f"{one.resource}{place}{share}"


def _share(one: Utilisation) -> float:
    return 0.0 if isinstance(one.share, Missing) else one.share


def _fullness(one: Utilisation) -> float:
    """The share on one scale for all: FULL means full."""
    return min(_share(one) * FULL / (FULL_LOCK if one.resource == "GIL" else FULL), 1.0)


def _symptoms(known: Mapping[Resource, Utilisation], parts: Mapping[str, float], cores: int) -> dict[Resource, str]:
    """Resources that are in use because of another one, and because of what."""
    found = _of_computing(known, cores)
    elsewhere: list[Resource] = [kind for kind in known if kind not in UPSTREAM and kind not in found]
    deeper: list[Resource] = [kind for kind in elsewhere if _fullness(known[kind]) >= FULL - CLOSE]
    filled = sum(parts.get(part, 0.0) for part in {part for kind in deeper for part in PARTS[kind]})
    if deeper and filled >= FILLS:
        why = f"{show_share(min(filled, 1.0))} of the requests' time is spent at the {' and the '.join(sorted(deeper))}"
        found |= dict.fromkeys((kind for kind in UPSTREAM if kind in known), why)
    elif "accept queue" in known and ("worker slots" in known or "event loop" in known):
        found["accept queue"] = "connections wait there until somebody has time for them"
    return found


def _of_computing(known: Mapping[Resource, Utilisation], cores: int) -> dict[Resource, str]:
    """Of the processor, the interpreter's lock and the event loop one is the reason: they are full at the same time."""
    full = {kind for kind in ("worker CPU", "GIL", "event loop") if kind in known and _fullness(known[kind]) >= FULL}
    threads = "thread pool" in known or "worker slots" in known
    reason: Resource | None = None
    if "event loop" in full and not ("GIL" in full and threads):
        reason = "event loop"
    elif "GIL" in full:
        # With a single core there would be no more to gain from more of the lock.
        reason = "GIL" if cores > 1 else "worker CPU"
    whys: dict[Resource, str] = {
        "event loop": "what computes there does so on the event loop, which has one thread",
        "GIL": "the threads of a process share one interpreter lock",
        "worker CPU": "the target has one core",
    }
    return {kind: whys[reason] for kind in ("worker CPU", "GIL", "event loop") if reason and kind in known and kind != reason}
