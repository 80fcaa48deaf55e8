"""One version's half of a virtual user: it plays a flow up to its next request, and sends that when it is told to."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from perfkit.load.converse import player_of
from perfkit.load.dice import Dice
from perfkit.load.exchange import Answer, Error, Exchange
from perfkit.load.following import Elsewhere
from perfkit.load.plan import Plan, RequestPlan
from perfkit.load.plane.clients import CLIENTS
from perfkit.load.plane.manners import Manners
from perfkit.load.play import Script, Written
from perfkit.load.turns import Word

# Seconds between looks at whether the time of the request under way is up.
SWEEP: Final = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request; `time` is its service time, NaN when it could not even be sent."""

    flow: str
    step: str
    endpoint: str
    id: int
    sent_at: float  # CLOCK_MONOTONIC, whatever was skipped
    time: float
    status: int
    size: int
    error: Error
    answer: Answer | None  # where answers are kept


class Clock:
    """A version's own time: it stands still while the other one is asked, and pauses pass at once."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.monotonic() + self.ahead

    def stand_at(self, due: float) -> None:
        self.ahead = due - time.monotonic()


class Seat:
    """Cookies, sessions, extracted values and a connection of its own; one request at a time."""

    def __init__(
        self,
        plan: Plan,
        written: Mapping[RequestPlan, Written],
        number: int,
        ids: Iterator[int],
        environment: Mapping[str, str],
        *,
        keeps_answers: bool = False,
    ) -> None:
        self.plan = plan
        self.clock = Clock()
        self.pending: Exchange | Elsewhere | None = None  # what the flow wants to send now; None when it is over
        self.outcomes: list[Outcome] = []  # since they were last taken
        self._keeps_answers = keeps_answers
        self._player = player_of(plan)(plan, written, number, self.clock.now, self, ids, environment)
        self.exchange = self._player.exchange
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._faults: list[Exception] = []
        client = CLIENTS[plan.transport]
        self._client = client(self.exchange, plan.destination, Manners(), self.clock.now, self._end, self._faults.append)
        self._script: Script | None = None
        self._is_unsent = False

    @property
    def wanted(self) -> str:
        """Which step the pending request is of, hops of redirects apart; "" when there is none."""
        return self.exchange.step.step if self.pending is not None else ""

    @property
    def is_aside(self) -> bool:
        """The pending request is no step of the flow itself: a log-in, or the hop of a redirect."""
        step = self.exchange.step
        return self.pending is not None and (">" in step.step or not step.step.startswith(f"{step.flow}["))

    async def begin(self, flow: int, iteration: int, dice: Dice) -> None:
        """Takes up a flow: up to its first request."""
        self._script = self._player.play(self.plan.flows[flow], self.clock.now(), dice, iteration)
        await self.advance()

    async def send(self) -> None:
        """Sends the pending request and waits for what comes of it."""
        pending = self.pending
        assert pending is not None
        self.clock.stand_at(self.exchange.intended_at)
        self._ended = self._loop.create_future()
        if isinstance(pending, Elsewhere):
            self._client.send_to(pending.where)
        else:
            self._client.send()
        await self._ended
        if self._faults:
            raise self._faults[0]

    async def advance(self) -> None:
        """Judges the last answer and goes on to the next request."""
        script = self._script
        self.pending = None
        if script is None:
            return
        for effect in script:
            if isinstance(effect, Exchange | Elsewhere):
                self.pending = effect
                return
            if isinstance(effect, Word):
                self._ended = self._loop.create_future()
                if self._client.say(effect):
                    await self._ended
        self._script = None

    def leave(self) -> None:
        """Ends the flow where it stands."""
        if self._script is None:
            return
        self._script.close()
        self._script = None
        if self.plan.transport == "conversations":
            self._client.close()  # the other end of a conversation waits for words that will not come
        self.pending = None

    def expire(self) -> None:
        """Ends the request under way if its time is up."""
        self._client.expire(self.clock.now(), self.plan.destination.timeout)

    def close(self) -> None:
        self.leave()
        self._client.close()

    def taken(self) -> list[Outcome]:
        found, self.outcomes = self.outcomes, []
        return found

    # play.Journal

    def wants(self, _endpoint: str, /) -> bool:
        return self._keeps_answers

    def unsent(self, _exchange: Exchange, /) -> None:
        self._is_unsent = True

    def ended(self, exchange: Exchange, /) -> None:
        step = exchange.step
        was_sent, self._is_unsent = not self._is_unsent, False
        self.outcomes.append(
            Outcome(
                flow=step.flow,
                step=step.step,
                endpoint=step.endpoint,
                id=exchange.id,
                sent_at=exchange.sent_at - self.clock.ahead,
                time=exchange.finished_at - exchange.sent_at if was_sent else float("nan"),
                status=exchange.status,
                size=exchange.size,
                error=exchange.error,
                answer=exchange.answer() if self._keeps_answers else None,
            )
        )

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
