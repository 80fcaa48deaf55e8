"""What was counted exactly and differs between the two versions: a number with a name, which needs no statistics."""

from dataclasses import dataclass
from typing import Final

# Counters that say the answers themselves differ: a faster wrong answer is no improvement.
ANSWERS: Final = frozenset({"status", "body", "exists"})


@dataclass(frozen=True, slots=True)
class Change:
    """Of one endpoint; `base` and `head` are what each version had, constant within itself."""

    endpoint: str
    counter: str  # status, body, bytes, statements, rows, connects, outbound, allocations, peak_memory, calls, instructions
    base: int | float | str
    head: int | float | str
    detail: str = ""  # what is new or gone, with its place

    @property
    def is_of_answers(self) -> bool:
        return self.counter in ANSWERS

    @property
    def growth(self) -> float | None:
        """Head's share above base's; None of what is no number, infinite from nothing."""
        if isinstance(self.base, str) or isinstance(self.head, str):
            return None
        if not self.base:
            return float("inf") if self.head > 0 else 0.0
        return self.head / self.base - 1
