"""One virtual user on the plane: its script runs on by itself, and waits only for an answer or for the time to come."""

from collections.abc import Callable
from typing import Protocol

from perfkit.errors import LoadError
from perfkit.load.dice import Dice
from perfkit.load.exchange import Exchange
from perfkit.load.following import Elsewhere
from perfkit.load.plan import Plan
from perfkit.load.plane.clients import CLIENTS
from perfkit.load.plane.deadlines import Deadlines
from perfkit.load.plane.ledger import Ledger
from perfkit.load.plane.manners import Manners
from perfkit.load.play import Player, Script
from perfkit.load.turns import Word
from perfkit.scenario.feeders import Exhausted


class Load(Protocol):
    """What virtual users need of the load that they are part of."""

    plan: Plan
    deadlines: Deadlines
    ledger: Ledger
    manners: Manners
    is_over: bool

    def now(self) -> float: ...

    def hire(self, number: int, home: "Home", dice: Dice) -> "User": ...

    def left(self, user: "User") -> None:
        """A user has gone."""
        ...


class Home(Protocol):
    """Who gives a user its work: the pool of an open load, the crowd of a closed one."""

    def next(self, user: "User", /) -> Script | None:
        """The flow has ended: what to play now; None when there is nothing to play yet."""
        ...

    def stopped(self, user: "User", /, *, is_unsent: bool) -> None:
        """The user has gone; `is_unsent`: nothing of its flow had left."""
        ...

    def exhausted(self, user: "User", /) -> None:
        """The user has gone, because its data has run out."""
        ...


class User:
    """Hired by its home; leaves when it is stopped, or when its data has run out."""

    __slots__ = (
        *("_load", "_on_fault", "_script", "client", "dice", "due", "exchange"),
        *("free_at", "home", "is_stopped", "iteration", "number", "player"),
    )

    def __init__(
        self,
        load: Load,
        number: int,
        home: Home,
        player: Player,
        dice: Dice,
        on_fault: Callable[[Exception], None],
    ) -> None:
        self.number = number
        self.home = home
        self.player = player
        self.exchange = player.exchange
        self.dice = dice
        client = CLIENTS[load.plan.transport]
        self.client = client(player.exchange, load.plan.destination, load.manners, load.now, self.proceed, on_fault)
        self.is_stopped = False
        self.iteration = 0
        self.due = 0.0  # of the flow in hand
        self.free_at = 0.0
        self._load = load
        self._on_fault = on_fault
        self._script: Script | None = None

    def begin(self, script: Script | None) -> None:
        """Takes up a flow."""
        self._script = script
        self.proceed()

    def stop(self) -> None:
        """Sends nothing more: goes now, or when the answer that is under way has come."""
        self.is_stopped = True
        if not self.client.is_busy:
            self._leave()

    def proceed(self) -> None:
        """Goes on until there is something to wait for."""
        exchange = self.exchange
        while (script := self._script) is not None:
            try:
                effect = next(script, None)
            except LoadError as error:
                self._go()
                self.home.stopped(self, is_unsent=False)
                self._on_fault(error)
                return
            except Exhausted:
                self._go()
                self.home.exhausted(self)
                return
            if self.is_stopped:
                self._leave()
                return
            if isinstance(effect, Exchange):
                self._load.ledger.left(exchange)
                self.client.send()
                return
            if effect is None:
                self._script = self.home.next(self)
            elif isinstance(effect, Word):
                if self.client.say(effect):
                    return
            elif isinstance(effect, Elsewhere):
                self._load.ledger.left(exchange)
                self.client.send_to(effect.where)
                return
            else:
                self._load.deadlines.at(effect, self._awake)
                return

    def _awake(self) -> None:
        if self.is_stopped:
            return  # it has gone
        self.proceed()

    def _leave(self) -> None:
        is_unsent = self._script is not None and self.player.is_opening
        self._go()
        self.home.stopped(self, is_unsent=is_unsent)

    def _go(self) -> None:
        self.is_stopped = True
        self._script = None
        self.client.close()
        self._load.left(self)
