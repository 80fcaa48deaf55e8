"""What a search drives at the target: the scenario with a profile of its own, in requests per second."""

from typing import Literal

from perfkit.load.compile import compile_plan
from perfkit.load.demand import requests_per_start
from perfkit.scenario.model import Flow, RepeatStep, Scenario, Stage, Step, ThinkStep
from perfkit.scenario.stages import Ramp

PROFILE = "capacity"
RUN_ID = "capacity"


def per_start(scenario: Scenario) -> float:
    """Requests of a mean flow: what a rate of requests has to be divided by."""
    return requests_per_start(compile_plan(scenario, scenario.default_load(), 0.0, RUN_ID))


def at_rate(scenario: Scenario, rate: float, settling: float, lasting: float, number: int) -> Scenario:
    """Open load of so many requests per second, the beginning of it not judged.

    Each step has arrivals of its own: the same ones, scaled, would give all steps the same luck.
    """
    starts = rate / per_start(scenario)
    stages = (stage("rate", starts, settling, warmup=True), stage("rate", starts, lasting))
    return with_stages(scenario, stages, scenario.seed + number)


def alone(scenario: Scenario, settling: float, lasting: float) -> Scenario:
    """One virtual user without a pause: nobody has to wait for anybody."""
    flows = {name: flow.model_copy(update={"steps": _without_pauses(flow)}) for name, flow in scenario.flows.items()}
    hurried = scenario.model_copy(update={"flows": flows})
    stages = (
        stage("users", 1, settling, warmup=True),
        stage("users", 1, lasting),
    )
    return with_stages(hurried, stages, scenario.seed)


def stage(kind: Literal["rate", "users"], level: float, lasting: float, *, warmup: bool = False) -> Stage:
    """At a constant level; a rate is one of flow starts."""
    return Stage.model_validate({kind: Ramp(level, level), "duration": lasting, "warmup": warmup})


def with_stages(scenario: Scenario, stages: tuple[Stage, ...], seed: int) -> Scenario:
    """One profile more, under the name that searches drive."""
    return scenario.model_copy(update={"load": {**scenario.load, PROFILE: stages}, "seed": seed})


def _without_pauses(flow: Flow) -> tuple[Step, ...]:
    return _hurried(flow.steps)


def _hurried(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, ThinkStep):
            continue
        if isinstance(step, RepeatStep):
            inner = _hurried(step.steps)
            if inner:
                kept.append(step.model_copy(update={"steps": inner}))
        else:
            kept.append(step)
    return tuple(kept)
