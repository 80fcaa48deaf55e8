"""A load that one process makes: its own tally, without a master."""

import time
from dataclasses import asdict

from perfkit.evidence import Phase
from perfkit.load.account import Beat, Conclusion
from perfkit.load.breaker import Breaker
from perfkit.load.plan import Segment
from perfkit.load.tally import Tally, Tell, nothing_unsent

WORKER = 0


class Alone:
    """The audience of the only generator process."""

    def __init__(self, segments: tuple[Segment, ...], name: str, tell: Tell, breaker: Breaker) -> None:
        self._tell = tell
        self.tally = Tally(segments, {WORKER: name}, tell, breaker)

    def begin(self, phase: Phase, at: float, /) -> None:
        self.tally.begin(WORKER, phase, at)

    def end(self, phase: Phase, at: float, /) -> None:
        self.tally.end(WORKER, phase, at)

    def meet(self, at: float, /) -> None:
        """Nobody else is to be waited for."""

    def beat(self, beat: Beat, /) -> None:
        now = time.monotonic()
        self.tally.beat(WORKER, beat, now)
        self.tally.progress(now)

    def conclude(self, conclusion: Conclusion) -> None:
        self.tally.conclude(WORKER, conclusion)
        self._tell("finished", health=asdict(self.tally.health(nothing_unsent)))
