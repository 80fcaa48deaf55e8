"""A load that one process makes: its own tally, without a master."""

import time
from dataclasses import asdict

from perfkit.evidence import Phase
from perfkit.load.account import Beat, Conclusion
from perfkit.load.plan import Segment
from perfkit.load.tally import Tally, Tell, nothing_unsent

WORKER = 0


class Alone:
    """The audience of the only generator process."""

    def __init__(self, segments: tuple[Segment, ...], name: str, tell: Tell) -> None:
        self._tell = tell
        self._tally = Tally(segments, {WORKER: name}, tell)

    def begin(self, phase: Phase, at: float, /) -> None:
        self._tally.begin(WORKER, phase, at)

    def end(self, phase: Phase, at: float, /) -> None:
        self._tally.end(WORKER, phase, at)

    def meet(self, at: float, /) -> None:
        """Nobody else is to be waited for."""

    def beat(self, beat: Beat, /) -> None:
        now = time.monotonic()
        self._tally.beat(WORKER, beat, now)
        self._tally.progress(now)

    def conclude(self, conclusion: Conclusion) -> None:
        self._tally.conclude(WORKER, conclusion)
        self._tell("finished", health=asdict(self._tally.health(nothing_unsent)))
