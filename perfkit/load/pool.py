"""Open load: arrivals do not wait for answers; each takes a free virtual user, or a new one up to the limit."""

from collections import deque
from dataclasses import dataclass
from random import Random

from gevent.queue import SimpleQueue

from perfkit.load.arrivals import offsets
from perfkit.load.plan import Segment
from perfkit.load.play import Player, Stopped
from perfkit.load.workplace import Load, UserPace
from perfkit.scenario.feeders import Exhausted


@dataclass(frozen=True, slots=True)
class Arrival:
    """One flow start of the open model."""

    number: int
    due: float


class _Worker:
    """One virtual user of the pool and where its next arrival is put."""

    def __init__(self) -> None:
        self.inbox: SimpleQueue[Arrival | None] = SimpleQueue()


class Pool:
    """Hires virtual users as arrivals need them, and keeps those that are free."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._limit = 0
        self._queues = True
        self._idle: list[_Worker] = []
        self._backlog: deque[Arrival] = deque()
        self._count = 0
        self._hired = 0
        self._arrived = 0
        # How many users the data is enough for, once it has run out for one.
        self._fed: int | None = None
        self.free_at: dict[int, float] = {}  # when a user could take up its present arrival

    def play(self, segment: Segment, start: float) -> None:
        assert segment.duration is not None  # the model refuses iterations for a rate
        self._limit = segment.max_in_flight
        self._queues = segment.on_limit == "queue"
        source = Random(f"{self._load.plan.seed}:{segment.index}:arrivals")
        for offset in offsets(segment.start, segment.end, segment.duration, segment.arrivals, source):
            if not self._load.sleep_until(start + offset):
                return
            self._arrive(Arrival(self._arrived, start + offset))
            self._arrived += 1
        self._load.sleep_until(start + segment.duration)

    @property
    def users(self) -> int:
        """Users with a flow in hand."""
        return self._count - len(self._idle)

    def retire(self) -> None:
        """Sends the idle users home; arrivals that nobody took up are dropped."""
        while self._idle:
            self._idle.pop().inbox.put(None)
        while self._backlog:
            self._load.dropped(self._backlog.popleft().due)

    def _arrive(self, arrival: Arrival) -> None:
        if self._idle:
            # The last one to come free has the connection that is least likely to have been closed.
            self._idle.pop().inbox.put(arrival)
        elif self._count < (self._limit if self._fed is None else min(self._limit, self._fed)):
            self._hire(arrival)
        elif self._queues and self._count:
            self._backlog.append(arrival)
        else:
            self._load.dropped(arrival.due)

    def _hire(self, arrival: Arrival) -> None:
        self._count += 1
        self._hired += 1
        number = self._hired
        worker = _Worker()
        worker.inbox.put(arrival)
        self._load.hire(lambda: self._work(number, worker))

    def _work(self, number: int, worker: _Worker) -> None:
        player = self._load.player(number, UserPace(self._load, lambda: False))
        arrival: Arrival | None = None
        try:
            while (arrival := worker.inbox.get()) is not None:
                self._play(player, arrival)
                self._next(number, worker)
        except Stopped:
            self._leave(number)
            if arrival is not None and player.is_opening:
                self._load.dropped(arrival.due)
        except Exhausted:
            self._leave(number)
            self._fed = self._count
            assert arrival is not None  # only playing it can exhaust the data
            self._arrive(arrival)
        else:
            self._leave(number)
        finally:
            player.close()

    def _leave(self, number: int) -> None:
        self._count -= 1
        self.free_at.pop(number, None)

    def _play(self, player: Player, arrival: Arrival) -> None:
        plan = self._load.plan
        # Seeded by arrival, not by user: who serves it depends on timing, what it does must not.
        source = Random(f"{plan.seed}:{arrival.number}")
        player.play(plan.choose(source), arrival.due, source, arrival.number)

    def _next(self, number: int, worker: _Worker) -> None:
        self.free_at[number] = self._load.now()
        if self._load.is_over:
            worker.inbox.put(None)
        elif self._backlog:
            worker.inbox.put(self._backlog.popleft())
        else:
            self._idle.append(worker)
