"""On what a comparison was made, as digests: those made on the same can stand in one series, and nothing of it is told."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from perfkit.compare.likeness import Likeness
from perfkit.scenario.model import Feeder, Scenario
from perfkit.scenario.resolved import resolved

# What decides which requests are sent to what. How hard, how long and what is good enough do not change a ratio.
ASKED: Final = ("name", "vars", "data", "auth", "http", "flows", "seed")
STARTED: Final = ("command", "before", "env")
DIGITS: Final = 16
# What a kernel keeps for itself changes with its version; a machine does not.
GIB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Conditions:
    """Empty where something is not known: of a service that runs already, for one."""

    scenario: str = ""  # digest
    python: str = ""  # of the target: 3.12.4
    dependencies: str = ""  # digest of every distribution's name and version
    machine: str = ""  # digest of processor, cores, memory and system


def of(scenario: Scenario, versions: Iterable[Likeness | None], identity: Mapping[str, Any]) -> Conditions:
    """Of two versions that differ, `--allow` given, it is those of both."""
    surveys = [survey for version in versions if version is not None for survey in version.surveys.values()]
    libraries = sorted({f"{name}=={version}" for survey in surveys for name, version in survey.libraries.items()})
    return Conditions(
        scenario=of_scenario(scenario),
        python=", ".join(sorted({survey.python for survey in surveys})),
        dependencies=digest(libraries) if libraries else "",
        machine=digest({**identity, "memory": round(identity["memory"] / GIB)}),
    )


def of_scenario(scenario: Scenario) -> str:
    """The same for every checkout of a repository: paths count by what they lead to."""
    content = cast("Mapping[str, Any]", resolved(scenario))
    launch = (content.get("target") or {}).get("launch") or {}
    asked = {name: content.get(name) for name in ASKED} | {"launch": {name: launch.get(name) for name in STARTED}}
    asked["data"] = {name: _rows(feeder) for name, feeder in scenario.data.items()}
    text = json.dumps(asked, sort_keys=True)
    folder = str(Path(launch["cwd"])) if launch.get("cwd") else ""
    return digest(text.replace(folder, ".") if len(folder) > 1 else text)


def digest(content: Any) -> str:
    """Short, and the same wherever the content is."""
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _rows(feeder: Feeder) -> Mapping[str, Any]:
    path = Path(feeder.csv)
    rows = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return feeder.model_dump(mode="json", exclude={"csv"}) | {"rows": rows}
