"""How long the generator stood still to collect its garbage."""

import gc
import time
from collections import deque
from typing import Any


class Pauses:
    """Every collection of this process since begin(); they happen in the plane's thread, and are taken by the control side."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()
        self._began_at = 0.0

    def begin(self) -> None:
        gc.callbacks.append(self._notice)

    def end(self) -> None:
        gc.callbacks.remove(self._notice)

    def take(self) -> list[float]:
        """Seconds of each collection since the last call."""
        return [self._taken.popleft() for _ in range(len(self._taken))]

    def _notice(self, moment: str, _details: dict[str, Any]) -> None:
        if moment == "start":
            self._began_at = time.perf_counter()
        else:
            self._taken.append(time.perf_counter() - self._began_at)
