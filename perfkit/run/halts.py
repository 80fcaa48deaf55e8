"""Why perfkit ended a load before its time, in words."""

from perfkit.evidence import Halt
from perfkit.scenario.objectives import show_figure
from perfkit.units import show_time


def shown(halt: Halt) -> str:
    """`POST /orders: p99 < 600ms for 10s did not hold (it was 711 ms) after 32 s`."""
    after = f"after {show_time(halt.at)}"
    if halt.by == "duration":
        return f"{halt.sentence} was reached {after}"
    was = "" if halt.measured is None else f" (it was {show_figure(halt.sentence, halt.measured)})"
    if halt.by == "breaker":
        return f"the circuit breaker opened {after}: {halt.sentence}{was}"
    return f"{halt.endpoint}: {halt.sentence} did not hold{was} {after}"
