"""What is planted in the service, and which figure has to find it: edits of its source, at places that a seed chooses."""

import ast
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

ENDPOINTS = ("order", "stock", "quote")
APP, SETTINGS = "app.py", "settings.py"
INDENT = "    "
KIB = 1024
# 64 bytes, their head of 33, and their place in a list.
SMALL, OF_SMALL = 64, 64 + 33 + 8
STATEMENTS = (
    "SELECT count(*) FROM lines WHERE order_id = ?",
    "SELECT max(price) FROM lines WHERE order_id = ?",
    "SELECT customer FROM orders WHERE id = ? AND customer <> ''",
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What was calibrated, per endpoint: rounds of work that would double a figure, and bytes allocated within a request."""

    server_time: Mapping[str, float]
    burst: Mapping[str, float]
    allocated: Mapping[str, float]


Edit: TypeAlias = Callable[[Mapping[str, str], str, Sizes, random.Random], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """`figures` are the metrics or counters of which one has to be found regressed, at the place that it was planted in."""

    name: str
    title: str
    tier: int
    figures: tuple[str, ...]
    edit: Edit
    places: tuple[str, ...] = ENDPOINTS
    tiers: str = "0,1,2"

    def files(self, base: Mapping[str, str], place: str, sizes: Sizes, seed: int) -> Mapping[str, str]:
        """Those of the service that differ from the base's."""
        return self.edit(base, place, sizes, random.Random(f"{seed}:{self.name}:{place}"))

    def finds(self, found: Mapping[str, Any], place: str) -> str:
        """The figure that found it, as `server_time +3.1 %`; empty when none did."""
        for one in found.get("tests", ()):
            if one["endpoint"] == place and one["metric"] in self.figures and one["outcome"] == "regressed":
                return f"{one['metric']} {one['change']:+.1%}"
        for one in found.get("counters", ()):
            if one["endpoint"] == place and one["counter"] in self.figures and one["outcome"] == "regressed" and one["gated"]:
                return f"{one['counter']} {one['base']} → {one['head']}"
        return ""


def inserted(base: Mapping[str, str], place: str, lines: tuple[str, ...], dice: random.Random) -> dict[str, str]:
    """The application with lines put before some statement of the endpoint's function, at the latest before its answer."""
    text = base[APP]
    function = next(node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == place)
    # The first statement begins the answer, which what is inserted may want to add to.
    before = dice.choice(function.body[1:]).lineno - 1
    found = text.splitlines()
    return {APP: "\n".join([*found[:before], *(INDENT + line for line in lines), *found[before:], ""])}


def replaced(base: Mapping[str, str], name: str, old: str, new: str) -> dict[str, str]:
    if base[name].count(old) != 1:
        raise ValueError(f"{name} does not have exactly one {old!r}")
    return {name: base[name].replace(old, new)}


def works(share: float, of: str) -> Edit:
    """So much more of the endpoint's figure, as work on a processor."""

    def edit(base: Mapping[str, str], place: str, sizes: Sizes, dice: random.Random) -> Mapping[str, str]:
        rounds: Mapping[str, float] = sizes.burst if of == "burst" else sizes.server_time
        return inserted(base, place, (f"spin({max(1, round(share * rounds[place]))})",), dice)

    return edit


def _asks(base: Mapping[str, str], place: str, _: Sizes, dice: random.Random) -> Mapping[str, str]:
    statement = dice.choice(STATEMENTS)
    lines = ("with POOL.connection() as taken:", f'{INDENT}taken.execute("{statement}", (number,)).fetchone()')
    return inserted(base, place, lines, dice)


def _connects(base: Mapping[str, str], place: str, _: Sizes, dice: random.Random) -> Mapping[str, str]:
    return inserted(base, place, ("sqlite3.connect(store.PATH).close()",), dice)


def _says_more(base: Mapping[str, str], place: str, _: Sizes, dice: random.Random) -> Mapping[str, str]:
    return inserted(base, place, (f'said["note"] = "n" * {KIB}',), dice)


def _allocates(base: Mapping[str, str], place: str, sizes: Sizes, dice: random.Random) -> Mapping[str, str]:
    objects = round(0.1 * sizes.allocated[place] / OF_SMALL) + 1
    return inserted(base, place, (f"scratch = [bytes({SMALL}) for _ in range({objects})]  # noqa: F841",), dice)


def sleeps(seconds: float, one_of: int) -> Edit:
    """In one of so many requests, which are told apart by the order that they ask for."""

    def edit(base: Mapping[str, str], place: str, _: Sizes, dice: random.Random) -> Mapping[str, str]:
        lines = (f"if number % {one_of} == {dice.randrange(one_of)}:", f"{INDENT}time.sleep({seconds})")
        return inserted(base, place, lines, dice)

    return edit


def _locks_longer(base: Mapping[str, str], _: str, __: Sizes, ___: random.Random) -> Mapping[str, str]:
    short = 'said["rate"] = RATES[number % len(RATES)]\n    partner()'
    return replaced(base, APP, short, short.replace("\n    ", "\n        "))


def _pools_less(base: Mapping[str, str], _: str, __: Sizes, ___: random.Random) -> Mapping[str, str]:
    return replaced(base, SETTINGS, "CONNECTIONS = 8", "CONNECTIONS = 2")


def _comments(base: Mapping[str, str], place: str, _: Sizes, dice: random.Random) -> Mapping[str, str]:
    return inserted(base, place, (f"# Said for the {dice.randrange(1000)}th time.",) * dice.randint(1, 5), dice)


BURSTS = tuple(f"burst_{size}_{figure}" for size in (2, 8, 32) for figure in ("median", "last"))
CPU_3 = Kind("cpu-3", "3 % of server time more work", 1, ("server_time",), works(0.03, "server_time"))
CPU_5 = Kind("cpu-5", "5 % of server time more work", 1, ("server_time",), works(0.05, "server_time"))
# In bursts alone: the alternation would find it first, and end the comparison before any burst was sent.
CROWD_5 = Kind("crowd-5", "5 % more of what 8 at once take", 2, BURSTS[2:4], works(0.05, "burst"), ENDPOINTS[:1], "0,2")
STATEMENT = Kind("statement", "one more statement", 0, ("statements",), _asks)
CONNECT = Kind("connect", "one more connection", 0, ("connects",), _connects)
BODY = Kind("body", "1 KiB more of body", 0, ("bytes",), _says_more)
CHURN = Kind("churn", "10 % more allocations", 0, ("allocations",), _allocates)
SLEEPS = Kind("sleep", "10 ms of sleep in one of 20", 1, ("server_time_mean", "server_time_p95"), sleeps(0.010, 20))
LOCK = Kind("lock", "a lock held 6 ms longer", 2, BURSTS, _locks_longer, ("quote",))
POOL = Kind("pool", "2 connections instead of 8", 2, BURSTS, _pools_less, ("stock",))
COMMENT = Kind("comment", "comments only", 1, (), _comments)
KINDS = {one.name: one for one in (CPU_3, CPU_5, CROWD_5, STATEMENT, CONNECT, BODY, CHURN, SLEEPS, LOCK, POOL, COMMENT)}
