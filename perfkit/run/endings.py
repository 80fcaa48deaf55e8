"""Why a run ended before its time, in words."""

from perfkit.errors import EvidenceError, TargetError
from perfkit.evidence import Halt, RunDirectory
from perfkit.scenario.objectives import show_figure
from perfkit.target import start
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


def death(directory: RunDirectory) -> TargetError:
    return TargetError(
        f"the target died while it was under load{start.last_words(directory)}",
        hint=f"Its log is {directory.target_log}; what was recorded until then is in the report.",
    )


def unwritable(directory: RunDirectory, error: OSError) -> EvidenceError:
    return EvidenceError(
        f"{directory.path} cannot be written: {error.strerror}",
        hint="Make room there, or give another folder with --out; `perfkit analyze` reads what was written.",
    )
