"""What a load asks of the generator at its peak, and whether that is more than it can do: pure arithmetic."""

import math
from typing import Final

from perfkit.errors import LoadError
from perfkit.evidence import Floor, Missing
from perfkit.load.plan import FlowPlan, Plan, RepeatPlan, RequestPlan, StepPlan
from perfkit.units import show_rate, show_time

# Above the floor it cannot be done; below, a process needs some of its core for bursts and for writing down what it saw.
HEADROOM: Final = 0.8


def peak(plan: Plan) -> float:
    """Requests per second at the highest level of the open load; 0 for closed load, which takes what it gets."""
    levels = [max(segment.start, segment.end) for segment in plan.segments if segment.is_open]
    return max(levels, default=0.0) * requests_per_start(plan)


def requests_per_start(plan: Plan) -> float:
    """Of a mean flow; log-ins, which each user sends once, are not among them."""
    total = sum(flow.weight for flow in plan.flows)
    return sum(flow.weight * _requests(flow) for flow in plan.flows) / total if total else 0.0


def refuse_more_than(floor: Floor | Missing) -> None:
    """LoadError when the load asks for more than the generator can do."""
    if isinstance(floor, Missing) or floor.needed_rate <= floor.rate:
        return
    one = floor.rate / floor.processes
    raise LoadError(
        f"the load asks for requests at {show_rate(floor.needed_rate)} at its peak; this generator can send at most "
        f"{show_rate(floor.rate)} on this machine ({show_time(floor.cpu_per_request)} of CPU for each, measured just now)",
        hint=f"Lower the rate, check and extract less, or give it processes: generator.processes: "
        f"{math.ceil(floor.needed_rate / one / HEADROOM)}.",
    )


def _requests(flow: FlowPlan) -> float:
    return sum(map(_of_step, flow.steps))


def _of_step(step: StepPlan) -> float:
    if isinstance(step, RepeatPlan):
        return (step.low + step.high) / 2 * sum(map(_of_step, step.steps))
    return 1.0 if isinstance(step, RequestPlan) else 0.0
