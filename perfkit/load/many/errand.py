"""What a worker is to do, as it travels: the scenario with its tables, but without anybody's secrets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from perfkit.errors import LoadError
from perfkit.load.channel import Order
from perfkit.scenario.model import Scenario
from perfkit.scenario.secrets import PREFIX

_NEEDED: Final = re.compile(r"\$\{(secret|env)\.(\w+)\}")


def written(order: Order, *, for_elsewhere: bool) -> dict[str, Any]:
    """Another machine does not have the files that the scenario names: its tables go along."""
    feeders = order.scenario.data if for_elsewhere else {}
    return {
        "scenario": order.scenario.model_dump_json(),
        "profile": order.profile,
        "profile_for": order.profile_for,
        "run_id": order.run_id,
        "of": order.workforce.size,
        "tables": {name: Path(feeder.csv).read_bytes() for name, feeder in feeders.items()},
    }


def scenario_here(said: Mapping[str, Any], folder: Path, environment: Mapping[str, str]) -> Scenario:
    """The scenario on a machine of its own: tables out of the order, secrets out of this environment."""
    text = str(said["scenario"])
    lacking = sorted({name for kind, name in _NEEDED.findall(text) if not _is_set(kind, name, environment)})
    if lacking:
        names = ", ".join(lacking)
        raise LoadError(f"the scenario needs {names}, not set where this worker runs", hint=f"Set {names} there.")
    scenario = Scenario.model_validate_json(text)
    feeders = dict(scenario.data)
    for number, (name, content) in enumerate(sorted(said["tables"].items())):
        path = folder / f"table-{number}.csv"
        path.write_bytes(content)
        feeders[name] = feeders[name].model_copy(update={"csv": str(path)})
    return scenario.model_copy(update={"data": feeders})


def _is_set(kind: str, name: str, environment: Mapping[str, str]) -> bool:
    return name in environment or (kind == "secret" and f"{PREFIX}{name}" in environment)
