"""A number with the interval that it comes with, and the level at which that interval holds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """An end is infinite where the values are too few for an interval at that confidence."""

    value: float
    low: float
    high: float
    confidence: float

    @property
    def half_width(self) -> float:
        """Half of the whole interval, also when it is not symmetric about the value."""
        return (self.high - self.low) / 2

    def excludes(self, number: float) -> bool:
        return not self.low <= number <= self.high

    def joined(self, other: "Estimate") -> "Estimate":
        """The wider at either end: for two methods of which the more careful shall count."""
        return Estimate(self.value, min(self.low, other.low), max(self.high, other.high), self.confidence)
