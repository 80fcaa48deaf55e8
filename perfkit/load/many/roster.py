"""Who may work: a worker proves that it has the token and is of this version; anybody else is told why not, and no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from perfkit.load.many import token
from perfkit.load.many.wire import ADMITTED, CHALLENGE, HELLO, PROOF, REFUSED
from perfkit.version import VERSION

# Strangers that have begun to introduce themselves; beyond it the oldest is forgotten.
MOST_STRANGERS: Final = 64
_LONGEST: Final = 200  # letters of a name, a nonce, a version


@dataclass(frozen=True, slots=True)
class Member:
    number: int
    client: str  # as Locust knows it
    name: str
    machine: str
    is_own: bool  # started by the master itself: it writes into the run directory


@dataclass(frozen=True, slots=True)
class Reply:
    word: str
    data: Mapping[str, Any]
    news: str = ""  # for the person who runs the master


class Roster:
    """Own workers have the first numbers, those that join the next, in the order in which they come."""

    def __init__(self, secret: str, own: int, joining: int, version: str = VERSION) -> None:
        self.members: Final[dict[str, Member]] = {}
        self._secret = secret
        self._own = own
        self._joining = joining
        self._version = version
        self._strangers: dict[str, tuple[str, str]] = {}  # client → their nonce, ours

    @property
    def is_full(self) -> bool:
        return len(self.members) == self._own + self._joining

    def answer(self, client: str, word: str, data: object) -> Reply:
        """To HELLO or PROOF, whatever a stranger has put into it."""
        said: Mapping[Any, Any] = data if isinstance(data, dict) else {}
        if word == HELLO:
            return self._challenge(client, said)
        if word == PROOF:
            return self._judge(client, said)
        return Reply(REFUSED, {"why": "that is not how a worker begins"})

    def _challenge(self, client: str, said: Mapping[Any, Any]) -> Reply:
        version, theirs = _text(said.get("version")), _text(said.get("nonce"))
        if version != self._version:
            why = f"it is perfkit {version or '?'}, its master is perfkit {self._version}: install the same on both"
            return Reply(REFUSED, {"why": why}, f"a worker was refused: {why}")
        if not theirs:
            return Reply(REFUSED, {"why": "that is not how a worker begins"})
        while len(self._strangers) >= MOST_STRANGERS:
            self._strangers.pop(next(iter(self._strangers)))
        ours = token.nonce()
        self._strangers[client] = (theirs, ours)
        proof = token.prove(self._secret, "master", theirs, ours)
        return Reply(CHALLENGE, {"version": self._version, "nonce": ours, "proof": proof})

    def _judge(self, client: str, said: Mapping[Any, Any]) -> Reply:
        nonces = self._strangers.pop(client, None)
        if nonces is None or not token.is_proven(said.get("proof"), self._secret, "worker", *nonces):
            why = "its token is not the master's"
            return Reply(REFUSED, {"why": why}, f"a worker was refused: {why}")
        wanted = said.get("number")
        taken = {member.number for member in self.members.values()}
        if isinstance(wanted, int) and 0 <= wanted < self._own and wanted not in taken:
            number = wanted
        else:
            free = [number for number in range(self._own, self._own + self._joining) if number not in taken]
            if not free or wanted is not None:
                why = (
                    f"this run has its {self._joining} joining workers already" if self._joining else "this run takes no workers"
                )
                return Reply(REFUSED, {"why": why}, f"a worker was refused: {why}")
            number = free[0]
        name, machine = _text(said.get("name")) or "?", _text(said.get("machine"))
        self.members[client] = Member(number, client, name, machine, number < self._own)
        return Reply(ADMITTED, {"number": number})


def _text(value: object) -> str:
    """Printable, of a bearable length."""
    return "".join(letter for letter in value[:_LONGEST] if letter.isprintable()) if isinstance(value, str) else ""
