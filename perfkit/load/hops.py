"""Under what name the hops of a redirect are on record: method and path, with what names a single thing left open."""

import re
from dataclasses import dataclass
from typing import Final

from perfkit.load.destination import Destination
from perfkit.load.exchange import Origin

# Different names of one step's hops: a target that redirects to ever new paths must not make an endpoint of each.
MOST_NAMES: Final = 20
MARK: Final = "(redirect)"
# A part of a path that names a thing, not a kind of thing: a number, a UUID, a long token with digits in it.
_IDENTITY: Final = re.compile(r"\d+|[0-9a-fA-F-]{32,36}|(?=[^/]*\d)[\w.~%+=-]{16,}")


@dataclass(frozen=True, slots=True, eq=False)
class Hop:
    """What a hop's record is made from (exchange.Origin)."""

    flow: str
    step: str  # "browse[2]>1"
    endpoint: str
    method: str
    base: str  # scheme and host of another origin; "" at the target's own
    named: bool = False


class Hops:
    """Those of one step, for all users: each is made once, so that looking one up costs nothing."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Hop] = {}
        self._names: set[str] = set()

    def of(self, step: Origin, number: int, method: str, base: str, path: str) -> Hop:
        name = self._name(f"{method} {base}{template(path)} {MARK}", method)
        known = self._known.get((number, name))
        if known is None or known.base != base:
            known = self._known[number, name] = Hop(step.flow, f"{step.step}>{number}", name, method, base)
        return known

    def _name(self, name: str, method: str) -> str:
        if name not in self._names and len(self._names) >= MOST_NAMES:
            return f"{method} {MARK}"
        self._names.add(name)
        return name


def template(path: str) -> str:
    """The path with what names a single thing left open, and without its query: `/orders/17?a=1` is `/orders/{}`."""
    parts = path.partition("?")[0].split("/")
    return "/".join("{}" if _IDENTITY.fullmatch(part) else part for part in parts)


def base_of(place: Destination, home: Destination) -> str:
    return "" if place is home else f"{place.scheme}://{place.authority}"
