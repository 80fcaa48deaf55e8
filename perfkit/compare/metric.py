"""What is compared of an endpoint: each figure can see something that the others cannot."""

from dataclasses import dataclass
from typing import Final

EVERY: Final = "all endpoints"


@dataclass(frozen=True, slots=True)
class Metric:
    """`gate` is the word of the scenario that this figure fails the comparison under."""

    gate: str
    figure: str  # median, mean, p95, last, share
    size: int = 0  # of the burst

    @property
    def id(self) -> str:
        """As comparison.json names it."""
        parts = (
            self.gate,
            str(self.size) if self.size else "",
            "" if self == SERVER_TIME or self.gate == "errors" else self.figure,
        )
        return "_".join(filter(None, parts))

    @property
    def title(self) -> str:
        if self.gate == "burst":
            return f"{self.figure} of {self.size} at once"
        if self.gate == "errors":
            return "errors"
        words = self.gate.replace("_", " ")
        return words if self.figure == "median" else f"{self.figure} of {words}"

    @property
    def decides(self) -> bool:
        """Whether "equivalent" needs this figure below the margin.

        The typical request alone: what befalls one request in twenty, and crowds, take many times as long to bound as closely.
        All others can find a regression and none can stand in the way of an answer; what they could not exclude is printed.
        """
        return self == SERVER_TIME


SERVER_TIME: Final = Metric("server_time", "median")
MEAN: Final = Metric("server_time", "mean")
P95: Final = Metric("server_time", "p95")
SERVICE_TIME: Final = Metric("service_time", "median")  # as the client saw it: shown beside, never gated
ERRORS: Final = Metric("errors", "share")


def bursts_of(size: int) -> tuple[Metric, Metric]:
    return Metric("burst", "median", size), Metric("burst", "last", size)
