"""A virtual user's way to the target when its flows hold conversations: these have a connection of their own."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from perfkit.load.destination import Destination
from perfkit.load.exchange import Exchange
from perfkit.load.plane.client import Client
from perfkit.load.plane.conversation import Conversation
from perfkit.load.plane.event_stream import EventStream
from perfkit.load.plane.line import Line
from perfkit.load.plane.manners import Manners
from perfkit.load.plane.websocket import WebSocket
from perfkit.load.turns import Word

# How long the target may take to answer a farewell; nobody waits longer to hang up.
FAREWELL: Final = 1.0
GOING_AWAY: Final = 1001  # RFC 6455, 7.4.1
_KINDS: Final[Mapping[str, type[Conversation]]] = {"websocket": WebSocket, "sse": EventStream}


class ConversationClient(Client):
    """One conversation at a time; the connection for requests is kept meanwhile."""

    def __init__(
        self,
        exchange: Exchange,
        where: Destination,
        manners: Manners,
        clock: Callable[[], float],
        on_end: Callable[[], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        super().__init__(exchange, where, manners, clock, on_end, on_fault)
        self._conversation: Conversation | None = None
        self._kept: tuple[Line | None, bool] | None = None  # while there is a conversation: the line for requests
        self._parting: asyncio.TimerHandle | None = None

    def send(self) -> None:
        turn = self._exchange.turn
        if turn is None:
            if self._kept is not None:
                self._leave()
            super().send()
        elif turn.opens:
            self._leave()
            self._kept = (self._connection, self._connected_before)
            self._connection, self._connected_before = None, False
            super().send()
        else:
            self._exchange.take_up(self._clock())
            assert self._conversation is not None  # a turn follows an opening
            self._conversation.write()

    def say(self, word: Word, /) -> bool:
        """Never fails: that nobody hears it is told in the word."""
        talk = self._conversation
        if word.closes is None:
            word.is_said = talk is not None and talk.say(word.message)
            return False
        if talk is None or not talk.part(word.closes):
            self._leave()
            return False
        self._parting = asyncio.get_running_loop().call_later(FAREWELL, self._give_up)
        self._exchange.sent_at = self._clock()
        return True

    def expire(self, now: float, timeout: float) -> None:
        turn = self._exchange.turn
        super().expire(now, timeout if turn is None else min(timeout, turn.timeout))

    def close(self) -> None:
        self._leave()
        super().close()

    def _connect(self) -> Line:
        turn = self._exchange.turn
        if turn is None:
            return super()._connect()
        self._conversation = _KINDS[turn.opens](self._exchange, self._clock, self._on_end)
        return self._conversation

    def _give_up(self) -> None:
        if self._conversation is not None and self._conversation.is_waiting:
            self._conversation.fail("timeout", "")

    def _leave(self) -> None:
        """Ends the conversation, if there is one, and takes up the line for requests again."""
        if self._parting is not None:
            self._parting.cancel()
            self._parting = None
        if self._conversation is not None:
            self._conversation.leave(GOING_AWAY)
            self._conversation = None
        if self._kept is not None:
            self._connection, self._connected_before = self._kept
            self._kept = None
