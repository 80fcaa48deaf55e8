"""The data plane: one native thread with a loop of its own that plays the load; nothing in it waits for anything else."""

import asyncio
import gc
import itertools
import os
import time
from collections.abc import Callable
from typing import Final

import uvloop

from perfkit.evidence import Phase
from perfkit.load.converse import player_of
from perfkit.load.dice import Dice
from perfkit.load.plan import Plan, Segment, most_users
from perfkit.load.plane.crowd import Crowd
from perfkit.load.plane.deadlines import Deadlines
from perfkit.load.plane.ledger import Ledger
from perfkit.load.plane.manners import Manners
from perfkit.load.plane.meter import CappedCrowd, crowd, pool
from perfkit.load.plane.pool import Pool
from perfkit.load.plane.pulse import Pulse
from perfkit.load.plane.user import Home, User
from perfkit.load.play import writers

# Between "go" and the first request, so that the first arrivals are not late.
LEAD: Final = 0.05
# Requests still in flight after the end get so long, at most, to come to an outcome.
DRAIN: Final = 10.0
ID_SHIFT: Final = 48  # worker << 48 | counter

# How often the time-outs are looked after: a share of the time-out, but not more often than that in seconds.
SWEEP: Final = 0.01
SHORTEST_SWEEP: Final = 0.005
# How often garbage may be collected, and how long nobody must need the plane for it to happen then.
TIDY: Final = 0.5
IDLE: Final = 0.005
# Objects after which it happens although somebody does: it takes a few milliseconds.
MOST_GARBAGE: Final = 200_000
WORTH_COLLECTING: Final = 5_000


class Plane:
    """Plays a plan; `on_phase` is told when a phase begins (with its name) and ends (without), on the plane's thread."""

    def __init__(self, plan: Plan, ledger: Ledger, worker: int, on_phase: Callable[[Phase | None, float], None]) -> None:
        self.plan = plan
        self.ledger = ledger
        self.manners = Manners()
        self.is_over = False
        self.capped_at: float | None = None  # when it had gone on for as long as any load may
        self.now = time.monotonic
        self.failure: Exception | None = None
        self.start_at: float | None = None  # when several planes begin together
        # Told when a segment without a duration is over here: it is over when it is for all, and go_on() says when that was.
        self.meeting: Callable[[float], None] | None = None
        self._agreed: asyncio.Future[float]
        self.pulse = Pulse(self.now)
        self._on_phase = on_phase
        self._ids = itertools.count((worker << ID_SHIFT) + 1)
        self._writers = writers(plan)
        self._player = player_of(plan)
        self._users: set[User] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event
        self.deadlines: Deadlines
        # Users of one kind go on working off what they have in hand while those of the other have begun.
        self._pool: Pool | None = None
        self._crowd: Crowd | None = None
        self._is_live = False
        self._is_stop_asked = False

    @property
    def users(self) -> int:
        """Virtual users at work."""
        return sum(home.users for home in (self._pool, self._crowd) if home is not None)

    @property
    def is_full(self) -> bool:
        """There are as many virtual users as there may be."""
        return len(self._users) >= self.plan.caps.users

    @property
    def held(self) -> int:
        """How often the guard's cap kept a user from beginning a flow."""
        return self._crowd.meter.held if isinstance(self._crowd, CappedCrowd) else 0

    @property
    def limit(self) -> int:
        """How many of them an open load may have at most; 0 without a limit."""
        return self._pool.limit if self._pool is not None else 0

    @property
    def backlog(self) -> int:
        """Arrivals that wait for a free user."""
        return self._pool.backlog if self._pool is not None else 0

    def run(self) -> None:
        """Plays the plan to its end, or until stop(); every request has come to its outcome when it returns."""
        loop = self._loop = uvloop.new_event_loop()
        try:
            loop.set_exception_handler(lambda _, context: self.fail(context.get("exception") or RuntimeError(context["message"])))
            loop.run_until_complete(self._live(loop))
        finally:
            loop.close()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """From any thread: ends the load early; nothing more is started, what is in flight may finish."""
        self._is_stop_asked = True
        if self._loop is not None and self._is_live:
            self._loop.call_soon_threadsafe(self._end)

    def go_on(self, at: float) -> None:
        """From any thread: ends a meeting; the next segment begins at this instant."""
        if self._loop is not None and self._is_live:
            self._loop.call_soon_threadsafe(self._agree, at)

    def fail(self, error: BaseException) -> None:
        """A user that fails is a fault of the load, told to whoever runs it."""
        if self.failure is None:
            self.failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
        self._end()

    # What virtual users stand on (user.Load)

    def hire(self, number: int, home: Home, dice: Dice) -> User:
        player = self._player(self.plan, self._writers, number, self.now, self.ledger, self._ids, os.environ)
        user = User(self, number, home, player, dice, self.fail)
        self._users.add(user)
        return user

    def left(self, user: User) -> None:
        self._users.discard(user)

    async def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        self.deadlines = Deadlines(loop)
        self._over = asyncio.Event()
        kinds = {segment.is_open for segment in self.plan.segments}
        # Numbers of their own: a user of the pool is nobody of the crowd, whose row of data it must not have.
        caps = self.plan.caps
        self._pool = pool(self, most_users(self.plan.segments), caps.rate) if True in kinds else None
        self._crowd = crowd(self, caps.rate) if False in kinds else None
        self.deadlines.at(self.now() + LEAD + caps.duration, self._cap)
        self._is_live = True
        if self._is_stop_asked:
            self._end()
        self._sweep()
        self._tidy()
        self.pulse.begin(self.deadlines)
        try:
            await self._play_segments()
            await self._drain()
        finally:
            self._is_live = False
            self.pulse.end()
            for user in list(self._users):
                user.client.close()
            await asyncio.sleep(0)  # connections are closed in the loop's next round
            await asyncio.sleep(0)
            self.deadlines.close()

    async def _play_segments(self) -> None:
        at = self.now() + LEAD if self.start_at is None else self.start_at
        for segment in self.plan.segments:
            self._enter(segment, at)
            at = await self._play(segment, at)
            if self.is_over:
                break
            if segment.duration is None and segment is not self.plan.segments[-1]:
                at = await self._meet(at)
        self._on_phase(None, at)

    async def _meet(self, at: float) -> float:
        """When the next segment begins."""
        if self.meeting is None:
            return at
        self._agreed = asyncio.get_running_loop().create_future()
        self.meeting(at)
        over = asyncio.ensure_future(self._over.wait())
        await asyncio.wait((self._agreed, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        return self._agreed.result() if self._agreed.done() else self.now()

    def _agree(self, at: float) -> None:
        if not self._agreed.done():
            self._agreed.set_result(at)

    async def _play(self, segment: Segment, at: float) -> float:
        """When the segment ended."""
        home, other = (self._pool, self._crowd) if segment.is_open else (self._crowd, self._pool)
        assert home is not None
        if other is not None:
            other.leave()
        playing = asyncio.ensure_future(home.play(segment, at))
        over = asyncio.ensure_future(self._over.wait())
        await asyncio.wait((playing, over), return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if not playing.done():
            playing.cancel()
        elif error := playing.exception():
            raise error
        if self.is_over or segment.duration is None:
            return self.now()
        return at + segment.duration

    def _enter(self, segment: Segment, at: float) -> None:
        current = self.ledger.phases.current
        if current == segment.phase:
            return
        if current is not None:
            self._on_phase(None, at)
        self.ledger.begin(segment.phase, at)
        self._on_phase(segment.phase, at)

    def _cap(self) -> None:
        if not self.is_over:
            self.capped_at = self.now()
            self._end()

    def _end(self) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._over.set()
        for user in list(self._users):
            user.stop()

    async def _drain(self) -> None:
        self._end()
        if self._pool is not None:
            self._pool.retire()
        limit = self.now() + min(self.plan.destination.timeout, DRAIN)
        while self._users and self.now() < limit:
            await self.deadlines.reach(self.now() + SHORTEST_SWEEP)
        # A request without an answer after all that time has an outcome too: it timed out.
        for user in list(self._users):
            user.client.expire(self.now(), 0.0)

    def _sweep(self) -> None:
        """Ends the requests whose time is up; next when the first of those under way could be."""
        timeout = self.plan.destination.timeout
        now = self.now()
        oldest = now
        for user in list(self._users):
            if user.client.is_busy:
                user.client.expire(now, timeout)
                oldest = min(oldest, user.exchange.sent_at)
        timeout = min(timeout, self.plan.patience)
        rest = max(oldest + timeout - now, timeout * SWEEP, SHORTEST_SWEEP)
        self.deadlines.at(now + rest, self._sweep)

    def _tidy(self) -> None:
        """Garbage is collected when nobody waits for the plane: at any other time it would be felt as late requests."""
        count = gc.get_count()[0]
        now = self.now()
        if count > MOST_GARBAGE or (count > WORTH_COLLECTING and self.deadlines.next - now > IDLE):
            gc.collect(1)
        self.deadlines.at(now + TIDY, self._tidy)
