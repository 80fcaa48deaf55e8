"""How far another machine's monotonic clock is from this one's, by asking; wall clocks are never trusted."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Questions per worker: the quickest answer is the truest, and one in a few is undisturbed.
QUESTIONS: Final = 20
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_TIME: Final = Path("/proc/self/ns/time")


@dataclass(frozen=True, slots=True)
class Echo:
    """A question and its answer: asked and heard by this clock, answered by the other."""

    asked_at: float
    answered_at: float
    heard_at: float


@dataclass(frozen=True, slots=True)
class Offset:
    """Their clock − ours, and by how much that may be wrong at most."""

    seconds: float = 0.0
    error: float = 0.0


SAME: Final = Offset()


def offset(echoes: Iterable[Echo]) -> Offset:
    """The answer was given somewhere between asking and hearing: the middle is wrong by half of that time at most."""
    best = min(echoes, key=lambda echo: echo.heard_at - echo.asked_at)
    return Offset(best.answered_at - (best.asked_at + best.heard_at) / 2, (best.heard_at - best.asked_at) / 2)


def machine() -> str:
    """Two processes with the same text share CLOCK_MONOTONIC."""
    try:
        return f"{_BOOT.read_text().strip()} {_TIME.readlink()}"
    except OSError:
        return ""  # a machine that does not say which one it is is asked for its clock


class Clocks:
    """Of all workers, by number; those that nobody asked are this machine's."""

    def __init__(self) -> None:
        self._echoes: dict[int, list[Echo]] = {}
        self._offsets: dict[int, Offset] = {}

    def hear(self, number: int, echo: Echo) -> None:
        self._echoes.setdefault(number, []).append(echo)

    def answers(self, number: int) -> int:
        return len(self._echoes.get(number, ()))

    def settle(self, number: int) -> Offset:
        """From what was heard until now."""
        found = self._offsets[number] = offset(self._echoes[number])
        return found

    def there(self, number: int, at: float) -> float:
        """An instant of ours by a worker's clock."""
        return at + self._offsets.get(number, SAME).seconds

    def here(self, number: int, at: float) -> float:
        """An instant of a worker's by our clock."""
        return at - self._offsets.get(number, SAME).seconds
