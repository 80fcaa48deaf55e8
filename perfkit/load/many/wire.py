"""The words between a master and its workers, as Locust's custom messages; each with a mapping of plain values."""

from dataclasses import dataclass
from typing import Any, Final

# On the doorstep: all that is listened to, and said, before a worker has proven that it has the token.
HELLO: Final = "perfkit.hello"  # worker: {version, nonce}
CHALLENGE: Final = "perfkit.challenge"  # master: {version, nonce, proof}
PROOF: Final = "perfkit.proof"  # worker: {proof, name, machine, number}
ADMITTED: Final = "perfkit.admitted"  # master: {number}
REFUSED: Final = "perfkit.refused"  # master: {why}

# The master says
ORDER: Final = "perfkit.order"  # {scenario, profile, profile_for, run_id, of, tables}
ASK_CLOCK: Final = "perfkit.ask_clock"  # {asked_at}
GO: Final = "perfkit.go"  # {at}, by the worker's clock
ONWARD: Final = "perfkit.onward"  # {at}: all have met
DRAIN: Final = "perfkit.drain"
HAD: Final = "perfkit.had"  # {file, size}: so much of a file is on the master's disk
END: Final = "perfkit.end"  # the conclusion is known

# A worker says
READY: Final = "perfkit.ready"  # {}
CLOCK: Final = "perfkit.clock"  # {asked_at, answered_at}
BEGIN: Final = "perfkit.begin"  # {phase, at}
FINISH: Final = "perfkit.finish"  # {phase, at}
BEAT: Final = "perfkit.beat"  # account.Beat
MEET: Final = "perfkit.meet"  # {at}
PIECE: Final = "perfkit.piece"  # {file, offset, data}
CONCLUSION: Final = "perfkit.conclusion"  # account.Conclusion, and {sizes} of the files that were sent
FAILED: Final = "perfkit.failed"  # {message, hint}
ALIVE: Final = "perfkit.alive"  # {}: while there is nothing else to say

# What a master's own process hears of, beside its workers
JOINED: Final = "joined"  # a worker was admitted
NEWS: Final = "news"  # the gate has something to tell a person
STARTED: Final = "started"  # the parent said go
STOPPED: Final = "stopped"  # the parent said drain
DIED: Final = "died"  # an own process has ended: how

OF_MASTER: Final = (CHALLENGE, ADMITTED, REFUSED, ORDER, ASK_CLOCK, GO, ONWARD, DRAIN, HAD, END)
OF_WORKER: Final = (READY, CLOCK, BEGIN, FINISH, BEAT, MEET, PIECE, CONCLUSION, FAILED, ALIVE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One message, and when it came by this machine's monotonic clock."""

    word: str
    data: Any
    sender: int = 0  # a worker's number
    heard_at: float = 0.0
