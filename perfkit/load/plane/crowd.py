"""Closed load: a crowd of virtual users that follows a level; each waits for its answers."""

import asyncio
from typing import Final

from perfkit.load.arrivals import population
from perfkit.load.dice import Dice
from perfkit.load.plan import Segment
from perfkit.load.plane.user import Load, User
from perfkit.load.play import Script

# A user whose every request failed without an answer tries again after this pause, like a person, not like a loop.
PAUSE_WITHOUT_ANSWER: Final = 0.1
# How often a user for whom there is no room asks again.
ROOM: Final = 0.05


class Crowd:
    """Each user plays flow after flow; the level says how many there are."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._working: dict[int, User] = {}
        self._all_gone = asyncio.Event()
        self._wanted = 0
        # By user: the iteration that is not begun any more; empty when time says how long.
        self._last: dict[int, int] = {}

    async def play(self, segment: Segment, start: float) -> None:
        """Returns when the segment is over; its users go on until the next segment's level says otherwise."""
        self._last = self._ends(segment)
        for offset, users in population(round(segment.start), round(segment.end), segment.duration or 0.0):
            await self._load.deadlines.reach(start + offset)
            if self._load.is_over:
                return
            self._resize(users)
        if segment.duration is not None:
            await self._load.deadlines.reach(start + segment.duration)
        elif self._working:  # of several workers, some may have no user
            await self._all_gone.wait()

    def leave(self) -> None:
        """Nobody is wanted for now: users go when the answer that is under way has come."""
        self._wanted = 0
        for user in list(self._working.values()):
            user.stop()

    @property
    def users(self) -> int:
        return len(self._working)

    # user.Home

    def next(self, user: User, /) -> Script | None:
        user.iteration += 1
        if self._last and user.iteration >= self._last[user.number]:
            user.stop()
            return None
        if user.player.answered:
            return self._script(user)
        self._load.deadlines.at(self._load.now() + PAUSE_WITHOUT_ANSWER, lambda: self._again(user))
        return None

    def stopped(self, user: User, /, *, is_unsent: bool) -> None:  # noqa: ARG002  nobody waits for what a user did not send
        self.exhausted(user)

    def exhausted(self, user: User, /) -> None:
        del self._working[user.number]
        if not self._working:
            self._all_gone.set()

    def _ends(self, segment: Segment) -> dict[int, int]:
        if segment.iterations is None:
            return {}
        ends: dict[int, int] = {}
        for number in range(1, round(max(segment.start, segment.end)) + 1):
            kept = self._working.get(number)
            # What a user has in hand was begun before: it is not one of those that are asked for now.
            begun = 0 if kept is None else kept.iteration + 1
            ends[number] = begun + segment.iterations
        return ends

    def _again(self, user: User) -> None:
        if not user.is_stopped:
            user.begin(self._script(user))

    def _resize(self, users: int) -> None:
        self._wanted = users
        for number in self._load.plan.share.users(users):
            user = self._working.get(number)
            if user is None and self._load.is_full:
                # Users of a rate still work off what they have in hand.
                self._load.deadlines.at(self._load.now() + ROOM, lambda: self._ask_again(users))
                break
            if user is None:
                self._all_gone.clear()
                user = self._working[number] = self._load.hire(number, self, Dice(self._load.plan.seed, "user", number))
                user.begin(self._script(user))
            else:
                user.is_stopped = False  # it had not gone yet
        for number, user in list(self._working.items()):
            if number > users:
                user.stop()

    def _ask_again(self, users: int) -> None:
        if users == self._wanted and not self._load.is_over:
            self._resize(users)

    def _script(self, user: User) -> Script:
        plan = self._load.plan
        # Of user and iteration: the same picks in every run, whatever the timing.
        source = user.dice.start(user.iteration)
        return user.player.play(plan.choose(source), self._load.now(), source, user.iteration)
