"""`${vary.workers}`: the one value of the launch command and its environment that `perfkit capacity` tries several of."""

import re
from collections.abc import Mapping
from typing import Final

from perfkit.scenario.capacity import Scalar
from perfkit.scenario.model import Scenario

_HOLE: Final = re.compile(r"(?<!\$)\$\{\s*vary\.(?P<name>\w+)\s*\}")


def first_values(scenario: Scenario) -> Mapping[str, Scalar]:
    """What stands for each name where nothing is varied."""
    return {name: points[0] for name, points in scenario.capacity.vary.items()}


def with_values(scenario: Scenario, values: Mapping[str, Scalar]) -> Scenario:
    """The scenario with these values in its launch command, its environment and what runs before."""
    launch = scenario.target.launch
    if launch is None or not values:
        return scenario

    def filled(text: str) -> str:
        return _HOLE.sub(lambda match: str(values[match["name"]]), text)

    varied = launch.model_copy(
        update={
            "command": tuple(map(filled, launch.command)),
            "env": {name: filled(text) for name, text in launch.env.items()},
            "before": tuple(tuple(map(filled, command)) for command in launch.before),
        }
    )
    return scenario.model_copy(update={"target": scenario.target.model_copy(update={"launch": varied})})
