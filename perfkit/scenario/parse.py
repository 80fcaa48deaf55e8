"""A scenario file becomes a Scenario, or all that is wrong with it, each fault with its line."""

import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from perfkit.errors import PerfkitError, Problem, ScenarioError
from perfkit.scenario import checks, faults, positions, varying
from perfkit.scenario import overrides as settings
from perfkit.scenario.context import Context
from perfkit.scenario.model import Scenario, Stage
from perfkit.scenario.positions import Document, KeyPath
from perfkit.scenario.templates import compile as compile_template
from perfkit.scenario.values import FOLDER, FROM_FILE
from perfkit.units import show_time

_HINT: Final = "`perfkit schema` prints what a scenario may say; editors complete and check against it."
_NO_FILE: Final = "Give the path of a scenario file; `perfkit demo` makes one to begin with."


def parse(
    path: Path,
    overrides: Sequence[str] = (),
    duration: float | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    owned: bool = False,
    settled: bool = True,
) -> Scenario:
    """The scenario of a file; `duration` is how long each profile measures, `owned` what --i-own-this-target said.

    Unless it is to be `settled`, `${vary.X}` stays in the launch command for `varying.with_values`; else it is the first value.
    """
    document = positions.read(path)
    # An example may be a link to its original: what it names lies beside the original.
    folder = path.resolve().parent
    if document.tree is not None:
        settings.apply(document, overrides)
        _settle_base_url(document, os.environ if environment is None else environment)
    scenario = _validated(document, path.stem, folder) if document.tree is not None else None
    problems = [*document.problems, *checks.check(document, folder, owned=owned)]
    if scenario is not None:
        problems += checks.aborts(document, scenario)
    if problems or scenario is None:
        raise ScenarioError(str(path), _without_repeats(problems), _HINT if path.is_file() else _NO_FILE)
    if owned:
        scenario = scenario.model_copy(update={"guard": scenario.guard.as_owned()})
    if settled:
        scenario = varying.with_values(scenario, varying.first_values(scenario))
    return scenario if duration is None else _within_cap(_lasting(scenario, duration))


def _validated(document: Document, name: str, folder: Path) -> Scenario | None:
    tree = document.tree
    if isinstance(tree, dict) and "name" not in tree:
        tree = {"name": name, **tree}
    try:
        return Scenario.model_validate(tree, context={FROM_FILE: True, FOLDER: folder}, by_alias=True, by_name=False)
    except ValidationError as error:
        document.problems += faults.problems(error, document)
        return None


def _settle_base_url(document: Document, environment: Mapping[str, str]) -> None:
    """Puts the environment into the base URL: the guard must judge the host that is really meant."""
    target = document.tree.get("target") if isinstance(document.tree, dict) else None
    url = target.get("base_url") if isinstance(target, dict) else target
    if not isinstance(url, str) or "${" not in url:
        return
    path: KeyPath = ("target", "base_url") if isinstance(target, dict) else ("target",)
    try:
        settled = _rendered_url(url, environment)
    except (ValueError, PerfkitError) as error:
        document.problems.append(document.problem(path, str(error)))
        # Anything that is a URL and near: the fault is told once, not again as a bad URL and a refused host.
        settled = "http://127.0.0.1"
    if isinstance(target, dict):
        target["base_url"] = settled
    else:
        document.tree["target"] = settled


def _rendered_url(url: str, environment: Mapping[str, str]) -> str:
    template = compile_template(url)
    if not all(name.startswith("env.") for name in template.names):
        raise ValueError(f"{url!r}: a base URL takes values of the environment only (try ${{env.BASE_URL}})")
    return template.render_text(Context(random.Random(0), environment=environment))


def _lasting(scenario: Scenario, duration: float) -> Scenario:
    """The scenario with measured stages stretched or shortened alike; warm-up stays what it is."""
    if duration <= 0:
        raise ScenarioError(scenario.name, (Problem("duration", "must be more than nothing"),))
    load: dict[str, tuple[Stage, ...]] = {}
    for name, stages in scenario.load.items():
        measured = sum(stage.duration or 0.0 for stage in stages if not stage.warmup)
        factor = duration / measured if measured else 1.0
        load[name] = tuple(_stretched(stage, factor) for stage in stages)
    return scenario.model_copy(update={"load": load})


def _within_cap(scenario: Scenario) -> Scenario:
    """What the command line stretched is held to the file's own cap."""
    most = scenario.guard.max_duration
    longest = max(sum(stage.duration or 0.0 for stage in stages) for stages in scenario.load.values())
    if longest > most:
        why = f"{show_time(longest)} with the warm-up is more than guard.max_duration allows ({show_time(most)})"
        raise ScenarioError(scenario.name, (Problem("--duration", why),))
    return scenario


def _stretched(stage: Stage, factor: float) -> Stage:
    if stage.warmup or stage.duration is None:
        return stage
    return stage.model_copy(update={"duration": stage.duration * factor})


def _without_repeats(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
