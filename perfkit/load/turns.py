"""What a conversation is made of: turns that wait for something, and words that do not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Turn:
    """What an exchange of a conversation waits for."""

    opens: Literal["", "websocket", "sse"]  # the conversation; "" in the middle of it
    path: str  # of the conversation; "" when the request says it
    timeout: float
    takes: Callable[[str, bytes], bool] | None = None  # kind and content of a message; others are passed over
    subprotocols: tuple[str, ...] = ()


@dataclass(slots=True)
class Word:
    """What is said in a conversation without waiting for an answer: a message, or the last word."""

    message: bytes = b""
    closes: int | None = None  # with this code
    is_said: bool = False  # set when it has been: there was somebody to hear it
