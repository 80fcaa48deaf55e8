"""Open load: arrivals do not wait for answers; each takes a free virtual user, or a new one up to the limit."""

import math
from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Final

from perfkit.load.dice import Dice
from perfkit.load.plan import Segment, schedule
from perfkit.load.plane.user import Load, User
from perfkit.load.play import Script

# Arrivals that are due within so short a time leave together: one wake-up for each would cost more than it is true.
TOGETHER: Final = 0.0002
# Flow starts per second from which on it grows with the rate: on a virtual machine a wake-up costs as much as two requests.
# Requests that leave together also come back together, and find a target that is awake: an arrival that is taken along with
# each answer instead was nearer to its time, and cost a fifth more.
BUSY: Final = 13_500.0
MOST_TOGETHER: Final = 0.00075
# So many leave before answers are looked at again: users that have come free are taken before new ones are hired.
AT_ONCE: Final = 32
_NONE_LEFT: Final = (math.inf, 0)


class Pool:
    """Hires virtual users as arrivals need them, and keeps those that are free."""

    def __init__(self, load: Load, hired: int = 0) -> None:
        """`hired`: the numbers up to it belong to users of somebody else."""
        self._load = load
        self._choose = load.plan.choose
        self._limit = 0
        self._queues = True
        self._idle: dict[User, None] = {}
        self._backlog: deque[tuple[int, float]] = deque()
        self._count = 0
        self._hired = hired
        self._is_leaving = False
        self._arrived = 0  # of all workers, before the present segment
        # How many users the data is enough for, once it has run out for one.
        self._fed: int | None = None

    async def play(self, segment: Segment, start: float) -> None:
        assert segment.duration is not None  # the model refuses iterations for a rate
        self._is_leaving = False
        self._limit = segment.max_in_flight
        self._queues = segment.on_limit == "queue"
        numbers = count(self._arrived)
        arrivals = zip(schedule(segment, self._load.plan.seed), numbers, strict=False)
        ahead = _Schedule(
            self,
            self._load,
            start,
            self._load.plan.share.arrivals(arrivals, self._arrived),
            min(TOGETHER * max(max(segment.start, segment.end) / BUSY, 1.0), MOST_TOGETHER),
        )
        ahead.wake()
        await self._load.deadlines.reach(start + segment.duration)
        if not self._load.is_over:
            ahead.take(start + segment.duration)
            self._arrived = next(numbers)

    @property
    def users(self) -> int:
        """Users with a flow in hand."""
        return self._count - len(self._idle)

    @property
    def limit(self) -> int:
        return self._limit

    @property
    def backlog(self) -> int:
        return len(self._backlog)

    def leave(self) -> None:
        """No more arrivals for now: what has arrived is worked off, then users go."""
        self._is_leaving = True
        for user in list(self._idle):
            user.stop()

    def retire(self) -> None:
        """Arrivals that nobody took up are dropped."""
        while self._backlog:
            self._load.ledger.dropped(self._backlog.popleft()[1])

    # user.Home

    def next(self, user: User, /) -> Script | None:
        if self._backlog:
            user.free_at = self._load.now()
            return self._script(user, *self._backlog.popleft())
        if self._is_leaving:
            user.begin(None)  # its flow is over: nothing of it is unsent
            user.stop()
            return None
        self._idle[user] = None
        return None

    def stopped(self, user: User, /, *, is_unsent: bool) -> None:
        self._count -= 1
        self._idle.pop(user, None)
        if is_unsent:
            self._load.ledger.dropped(user.due)

    def exhausted(self, user: User, /) -> None:
        self._count -= 1
        self._fed = self._count
        # Later: the next user's data may have run out as well, and so on.
        number, due = user.iteration, user.due
        self._load.deadlines.at(due, lambda: self.take_up(number, due))

    def take_up(self, number: int, due: float) -> None:
        if self._load.is_over:
            self._load.ledger.dropped(due)
        elif self._idle:
            # The last one to come free has the connection that is least likely to have been closed.
            user, _ = self._idle.popitem()
            user.begin(self._script(user, number, due))
        elif self._count < (self._limit if self._fed is None else min(self._limit, self._fed)) and not self._load.is_full:
            self._count += 1
            self._hired += 1
            user = self._load.hire(self._load.plan.share.user(self._hired), self, Dice(self._load.plan.seed, "flows"))
            user.begin(self._script(user, number, due))
        elif self._queues and (self._count or self._load.is_full):
            self._backlog.append((number, due))
        else:
            self._load.ledger.dropped(due)

    def _script(self, user: User, number: int, due: float) -> Script:
        # Of the arrival, not of the user: who serves it depends on timing, what it does must not.
        user.iteration = number
        user.due = due
        # Waiting for a free user is the limit's doing, and the target's; only the rest is the generator's.
        user.exchange.ready_at = max(user.free_at, due)
        source = user.dice.start(number)
        return user.player.play(self._choose(source), due, source, number)


class _Schedule:
    """The arrivals of one segment, taken as they become due."""

    def __init__(self, pool: Pool, load: Load, start: float, arrivals: Iterator[tuple[float, int]], together: float) -> None:
        self._pool = pool
        self._load = load
        self._start = start
        self._arrivals = arrivals
        self._together = together
        self.due = math.inf
        self.number = 0
        self.advance()

    def wake(self) -> None:
        if self._load.is_over:
            return
        now = self._load.now()
        self.take(now, AT_ONCE)
        if self.due < math.inf:
            rest = 0.0 if self.due <= now else self._together
            self._load.deadlines.at(max(self.due, now + rest), self.wake)

    def take(self, until: float, most: int = 1 << 62) -> None:
        """What is due by then arrives."""
        take_up, arrivals, start = self._pool.take_up, self._arrivals, self._start
        while most > 0 and (due := self.due) <= until:
            number = self.number
            # As advance() does, whose call would be a tenth of what an arrival takes.
            offset, self.number = next(arrivals, _NONE_LEFT)
            self.due = start + offset
            take_up(number, due)
            most -= 1

    def advance(self) -> None:
        offset, self.number = next(self._arrivals, _NONE_LEFT)
        self.due = self._start + offset
