"""Redirects followed: every hop is a request of its own on record, and only the last answer is the step's."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from perfkit.errors import LoadError
from perfkit.load.cookies import Cookies
from perfkit.load.destination import Destination
from perfkit.load.exchange import Exchange
from perfkit.load.hops import Hop, base_of
from perfkit.load.origins import Origins
from perfkit.load.plan import FollowPlan
from perfkit.load.redirects import STATUSES, Trail


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An effect: the exchange is to be sent, but to another origin than the target's."""

    where: Destination


class Record(Protocol):
    """What a hop needs of the journal."""

    def wants(self, endpoint: str, /) -> bool: ...

    def ended(self, exchange: Exchange, /) -> None: ...


class Follower:
    """One virtual user's way through redirects; other origins have cookies of their own."""

    def __init__(self, exchange: Exchange, origins: Origins, cookies: Cookies, journal: Record, ids: Iterator[int]) -> None:
        self._exchange = exchange
        self._origins = origins
        self._jars = {origins.home: cookies}
        self._journal = journal
        self._ids = ids

    def follow(self, step: FollowPlan) -> Generator[Exchange | Elsewhere, None, Cookies]:
        """Sends what an answer asks for, until one asks for nothing more; that one is not yet judged.

        Returns the cookies that it adds to. An answer that cannot be followed is a failure of that answer's own.
        """
        exchange = self._exchange
        home = self._origins.home
        jar = self._jars[home]
        trail = Trail(self._origins, exchange.request, jar.header)
        number = 0
        while (location := _location(exchange)) is not None:
            if number == step.redirects:
                exchange.find("protocol", f"redirected more than {step.redirects} times")
                break
            following = self._turn(trail, location, jar)
            if isinstance(following, str):
                exchange.find("protocol", following)
                break
            number += 1
            jar = following
            leg = trail.leg
            self._journal.ended(exchange)
            path = leg.path
            if leg.place is home and path.startswith(f"{home.prefix}/"):
                path = path.removeprefix(home.prefix)  # as the paths of steps are written
            hop = step.hops.of(step, number, leg.method, base_of(leg.place, home), path)
            self._write(trail, hop, jar)
            yield exchange if leg.place is home else Elsewhere(leg.place)
        return jar

    def _turn(self, trail: Trail, location: str, jar: Cookies) -> Cookies | str:
        """The cookies of the place that an answer leads to, or why it leads nowhere."""
        exchange = self._exchange
        jar.take(exchange.answer().headers)
        try:
            leg = trail.turn(exchange.status, location)
        except ValueError as error:
            return str(error)
        except LoadError:
            self._journal.ended(exchange)  # it came, and the load ends with it
            raise
        following = self._jars.setdefault(leg.place, Cookies())
        if trail.is_circle(following.header):
            return f"redirected in a circle: {leg.method} {leg.path.partition('?')[0]}"
        return following

    def _write(self, trail: Trail, hop: Hop, jar: Cookies) -> None:
        exchange = self._exchange
        exchange.step = hop
        exchange.intended_at = exchange.finished_at
        exchange.is_opening = False
        exchange.id = number = next(self._ids)
        exchange.request = trail.request(jar.header, quote(hop.endpoint, safe=""), number)
        exchange.is_head = hop.method == "HEAD"
        exchange.is_wanted = self._journal.wants(hop.endpoint)
        exchange.is_whole = True


def _location(exchange: Exchange) -> str | None:
    """Where an answer sends its client; None when it does not, or was none."""
    if exchange.error or exchange.status not in STATUSES:
        return None
    return exchange.answer().header("location") or None
