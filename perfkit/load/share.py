"""One worker's part of the load: pure arithmetic, so that all parts together are exactly the whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final


@dataclass(frozen=True, slots=True)
class Share:
    """Every `of`-th arrival, virtual user and row is this worker's; the first of them has its number."""

    worker: int = 0
    of: int = 1

    def part(self, whole: int) -> int:
        """Of a limit: the parts add up to it."""
        return whole // self.of + (self.worker < whole % self.of)

    def users(self, count: int) -> range:
        """Of the virtual users 1 to `count`, those of this worker."""
        return range(1 + self.worker, count + 1, self.of)

    def user(self, hired: int) -> int:
        """The number of the virtual user that this worker hires as its 1st, 2nd, ..."""
        return 1 + self.worker + (hired - 1) * self.of

    def arrivals(self, numbered: Iterator[tuple[float, int]], first: int) -> Iterator[tuple[float, int]]:
        """Of all arrivals, numbered from `first` on, those of this worker."""
        return islice(numbered, (self.worker - first) % self.of, None, self.of)


WHOLE: Final = Share()
