"""Closed load: a crowd of virtual users that follows a level; each waits for its answers."""

from functools import partial
from random import Random
from typing import Final

from gevent.event import Event

from perfkit.load.arrivals import population
from perfkit.load.plan import Segment
from perfkit.load.play import Player, Stopped
from perfkit.load.workplace import Load, UserPace
from perfkit.scenario.feeders import Exhausted

# A user whose every request failed without an answer tries again after this pause, like a person, not like a loop.
PAUSE_WITHOUT_ANSWER: Final = 0.1
# How soon an interrupt is noticed while iterations are awaited.
POLL: Final = 0.05


class Crowd:
    """Each user plays flow after flow; the level says how many there are."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._level = 0
        self._working: set[int] = set()
        self._all_gone = Event()
        self._iterations: int | None = None

    def play(self, segment: Segment, start: float) -> None:
        """Returns when the segment is over; its users go on until the next segment's level says otherwise."""
        self._iterations = segment.iterations
        for offset, users in population(round(segment.start), round(segment.end), segment.duration or 0.0):
            if not self._load.sleep_until(start + offset):
                return
            self._resize(users)
        if segment.duration is not None:
            self._load.sleep_until(start + segment.duration)
            return
        while not self._all_gone.wait(POLL) and not self._load.is_over:
            pass  # an interrupt must not wait for the last answer here: draining has its own limit
        self._level = 0

    @property
    def users(self) -> int:
        return len(self._working)

    def retire(self) -> None:
        self._level = 0

    def _resize(self, users: int) -> None:
        self._level = users
        for number in range(1, users + 1):
            if number not in self._working:
                self._working.add(number)
                self._all_gone.clear()
                self._load.hire(partial(self._work, number))

    def _work(self, number: int) -> None:
        player = self._load.player(number, UserPace(self._load, lambda: number > self._level))
        try:
            self._play_flows(player, number)
        except (Stopped, Exhausted):
            pass  # the ordinary ends of a user
        finally:
            player.close()
            self._working.discard(number)
            if not self._working:
                self._all_gone.set()

    def _play_flows(self, player: Player, number: int) -> None:
        load = self._load
        iteration = 0
        while self._iterations is None or iteration < self._iterations:
            # Seeded by user and iteration: the same picks in every run, whatever the timing.
            source = Random(f"{load.plan.seed}:{number}:{iteration}")
            player.play(load.plan.choose(source), load.now(), source, iteration)
            iteration += 1
            if not player.answered and not load.sleep_until(load.now() + PAUSE_WITHOUT_ANSWER):
                return
            if number > self._level:
                return
