"""What the plane writes down: one fixed record per request, into memory that the control side empties.

The plane only ever appends; the control side only ever reads what has been appended. Neither waits for the other.
"""

from collections import defaultdict
from dataclasses import dataclass

from perfkit.evidence import Phase
from perfkit.load.exchange import Exchange
from perfkit.load.phases import Phases
from perfkit.load.recorder import Recorder
from perfkit.load.responses import Responses


@dataclass(slots=True)
class Sent:
    """How many requests of a phase left, and what became of those that did not."""

    sent: int = 0
    unsent: int = 0  # due, but they could not be written
    dropped: int = 0  # arrivals that never became a request

    @property
    def offered(self) -> int:
        return self.sent + self.unsent + self.dropped


class Ledger:
    """The journal of all virtual users of one plane."""

    def __init__(self, recorder: Recorder) -> None:
        self.responses = Responses()
        self.wants = self.responses.wants
        self.counts: defaultdict[Phase, Sent] = defaultdict(Sent)
        self._phases = Phases()
        self._enter = recorder.enter
        self._origin = recorder.origin
        self._present = Sent()
        self._began_at = float("inf")
        self._origins: dict[object, bytes] = {}

    @property
    def phases(self) -> Phases:
        return self._phases

    def begin(self, phase: Phase, at: float) -> None:
        self._phases.begin(phase, at)
        self._present = self.counts[phase]
        self._began_at = at
        self._origins = {}

    def left(self, exchange: Exchange) -> None:
        """A request is handed to its connection."""
        due = exchange.intended_at
        counted = self._present if due >= self._began_at else self.counts[self._phases.at(due)]
        counted.sent += 1
        exchange.counted = counted

    def dropped(self, due: float) -> None:
        """An arrival will never become a request: it was offered all the same."""
        self.counts[self._phases.at(due)].dropped += 1

    # play.Journal

    def unsent(self, exchange: Exchange, /) -> None:
        self.counts[self._phases.at(exchange.intended_at)].unsent += 1
        exchange.counted = None

    def ended(self, exchange: Exchange, /) -> None:
        step = exchange.step
        present = self._present
        if exchange.intended_at >= self._began_at:
            origin = self._origins.get(step)
            if origin is None:
                origin = self._origins[step] = self._origin(step, self._phases.at(exchange.intended_at))
        else:
            phase = self._phases.at(exchange.intended_at)
            present = self.counts[phase]
            origin = self._origin(step, phase)
        if exchange.counted is not present:
            self._recount(exchange, present)
        self._enter(exchange, origin)
        if exchange.is_wanted:
            self.responses.offer(exchange)

    def _recount(self, exchange: Exchange, present: Sent) -> None:
        """It left in the moment before the phase was entered in which it was meant to leave."""
        if isinstance(exchange.counted, Sent):
            exchange.counted.sent -= 1
            present.sent += 1
