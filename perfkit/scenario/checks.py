"""What no single section can know: files that exist, names that refer to something, hosts and levels that the guard allows."""

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from perfkit.errors import Problem
from perfkit.scenario import guard as guards
from perfkit.scenario import names
from perfkit.scenario.feeders import Table, read_table, weights_of
from perfkit.scenario.model import Guard, Scenario, TargetSpec, requests_of
from perfkit.scenario.objectives import ALL
from perfkit.scenario.positions import Document, KeyPath
from perfkit.scenario.request import step_name
from perfkit.scenario.stages import Ramp, parse_level, parse_users
from perfkit.scenario.suggestions import did_you_mean
from perfkit.scenario.values import FROM_FILE
from perfkit.units import parse_time, show_rate, show_time

_KINDS: Final[tuple[tuple[str, Callable[[object], Ramp]], ...]] = (("users", parse_users), ("rate", parse_level))

_CONVERSATIONS: Final = frozenset({"websocket", "sse"})
_NESTED: Final = ("steps", *_CONVERSATIONS)

# These look at the file's tree, not at the model: a fault of one section must not hide those of the others.


def check(document: Document, folder: Path, *, owned: bool) -> list[Problem]:
    """Every fault that takes more than one section to see."""
    if not isinstance(document.tree, dict):
        return []
    columns: dict[str, tuple[str, ...] | None] = {}
    return [
        *_feeders(document, folder, columns),
        *names.check(document, columns),
        *_references(document),
        *_paths(document, folder),
        *_guarded(document, owned=owned),
        *_varied(document),
    ]


def aborts(document: Document, scenario: Scenario) -> Iterator[Problem]:
    """An objective that ends the load is judged by the generator, which knows no routes: only steps, by their names."""
    logins = [auth.login for auth in scenario.auth.values() if auth.login is not None]
    steps = [*logins, *(step for flow in scenario.flows.values() for step in requests_of(flow.steps))]
    try:
        known = {ALL, *map(step_name, steps)}
    except ValueError:
        # A path that cannot be read has no name, and its own fault is told: the other names would mislead.
        return
    for key, objectives in scenario.slo.objectives.items():
        if key.replace("${", "{") not in known and any(objective.aborts for objective in objectives):
            why = f"`abort` needs a step's name, or its method and path as written: there is no {key!r}{did_you_mean(key, known)}"
            yield document.problem(("slo", key), why)


def _feeders(document: Document, folder: Path, columns: dict[str, tuple[str, ...] | None]) -> Iterator[Problem]:
    for name, feeder in _section(document, "data").items():
        columns[name] = None
        file = feeder.get("csv") if isinstance(feeder, dict) else None
        if not isinstance(file, str):
            continue
        try:
            table = read_table(folder / file)
        except ValueError as error:
            yield document.problem(("data", name, "csv"), str(error))
            continue
        columns[name] = table.columns
        yield from _weights(document, ("data", name, "weight"), feeder.get("weight"), table)


def _weights(document: Document, path: KeyPath, column: Any, table: Table) -> Iterator[Problem]:
    if not isinstance(column, str):
        return
    try:
        weights_of(table, column)
    except ValueError as error:
        yield document.problem(path, str(error))


def _references(document: Document) -> Iterator[Problem]:
    known = _section(document, "auth")
    for path, name in _auth_names(_section(document, "flows"), ("flows",)):
        if name not in known:
            yield document.problem(path, f"there is no auth {name!r}{did_you_mean(name, known)}")


def _auth_names(node: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Every `auth:` of a flow or of a step inside it."""
    if isinstance(node, dict):
        # Only flows and steps have an auth; a body or a query may have a field of that name.
        is_flow_or_step = len(path) == 2 or isinstance(path[-1], int) or path[-1] in _CONVERSATIONS  # noqa: PLR2004
        if is_flow_or_step and isinstance(node.get("auth"), str):
            yield (*path, "auth"), node["auth"]
        items: list[tuple[str | int, Any]] = list(node.items()) if len(path) == 1 else [(key, node.get(key)) for key in _NESTED]
    else:
        items = list(enumerate(node)) if isinstance(node, list) else []
    for key, item in items:
        yield from _auth_names(item, (*path, key))


def _paths(document: Document, folder: Path) -> Iterator[Problem]:
    launch = _below(_section(document, "target"), "launch")
    cwd = launch.get("cwd")
    if isinstance(cwd, str) and not (folder / cwd).is_dir():
        yield document.problem(("target", "launch", "cwd"), f"{cwd} is not a directory")
    tls = _below(_section(document, "http"), "tls")
    for key in ("ca", "cert", "key"):
        file = tls.get(key)
        if isinstance(file, str) and not (folder / file).is_file():
            yield document.problem(("http", "tls", key), f"{file} is not a file")


def _guarded(document: Document, *, owned: bool) -> Iterator[Problem]:
    try:
        guard = TypeAdapter(Guard).validate_python(document.tree.get("guard", {}), context={FROM_FILE: True})
        target = TypeAdapter(TargetSpec).validate_python({"base_url": _base_url(document)}, context={FROM_FILE: True})
    except ValidationError:
        return  # The model has said so already; a guess at what it allows would be worse than none.
    host = guards.host_of(target.base_url)
    why = guards.refusal(guard, host, owned=owned)
    if why:
        path: KeyPath = ("target", "base_url") if isinstance(document.tree["target"], dict) else ("target",)
        yield document.problem(path, why)
    caps = guards.caps(guard, host)
    for path, ramp in _levels(document):
        highest = max(ramp.start, ramp.end)
        if path[-1] == "rate" and highest > caps.rate:
            why = f"{show_rate(highest)} is more than {_cap(guard.max_rate, 'max_rate', host)} ({show_rate(caps.rate)})"
            yield document.problem(path, why)
        if path[-1] == "users" and highest > caps.users:
            why = f"{highest:g} users are more than {_cap(guard.max_users, 'max_users', host)} ({caps.users:g})"
            yield document.problem(path, why)

    yield from _in_flight(document, caps.users)
    yield from _too_long(document, caps.duration)


def _varied(document: Document) -> Iterator[Problem]:
    """A value that nothing takes would be tried several times for nothing."""
    launch = _below(_section(document, "target"), "launch")
    said = str([launch.get(key) for key in ("command", "env", "before")])
    for name in _below(_section(document, "capacity"), "vary"):
        if f"vary.{name}" not in said:
            why = f"nothing in target.launch says ${{vary.{name}}}"
            yield document.problem(("capacity", "vary", name), why)


def _in_flight(document: Document, most: float) -> Iterator[Problem]:
    for path, stages in _profiles(document):
        for index, stage in enumerate(stages):
            wanted = stage.get("max_in_flight")
            if isinstance(wanted, int) and wanted > most:
                why = f"{wanted} virtual users at once are more than guard.max_users allows ({most:g})"
                yield document.problem((*path, index, "max_in_flight"), why)


def _too_long(document: Document, most: float) -> Iterator[Problem]:
    for path, stages in _profiles(document):
        ends = list(accumulate(_lasts(stage) for stage in stages))
        beyond = next((index for index, end in enumerate(ends) if end > most), None)
        if beyond is not None:
            why = f"the profile lasts {show_time(ends[-1])}, which is more than guard.max_duration allows ({show_time(most)})"
            key = next(key for key in ("for", "users", "rate") if key in stages[beyond])
            yield document.problem((*path, beyond, key), why)


def _lasts(stage: Mapping[str, Any]) -> float:
    """By `for`, or by the `over` of its ramp; what has neither is left to the plane's own clock."""
    try:
        if "for" in stage:
            return parse_time(str(stage["for"]))
        ramps = [parse(stage[key]) for key, parse in _KINDS if key in stage]
    except ValueError:
        return 0.0  # the model says what is wrong with it
    return next((ramp.over for ramp in ramps if ramp.over is not None), 0.0)


def _cap(stated: float | None, key: str, host: str) -> str:
    """Whose cap it is: the file's own, or the one that stands for hosts other than this machine."""
    return f"guard.{key} allows" if stated is not None else f"the cap for {host}, which guard.{key} can raise"


def _base_url(document: Document) -> Any:
    target = document.tree.get("target")
    return target.get("base_url") if isinstance(target, dict) else target


def _levels(document: Document) -> Iterator[tuple[KeyPath, Ramp]]:
    for path, stages in _profiles(document):
        for index, stage in enumerate(stages):
            for key, parse in _KINDS:
                if key in stage:
                    try:
                        yield (*path, index, key), parse(stage[key])
                    except ValueError:
                        continue  # the model says what is wrong with it


def _profiles(document: Document) -> Iterator[tuple[KeyPath, list[dict[str, Any]]]]:
    """Each profile's stages; what is none is an empty mapping, so that the others keep their places."""
    load = document.tree.get("load")
    profiles: dict[KeyPath, Any] = {("load",): load} if isinstance(load, list) else {}
    profiles |= {("load", name): stages for name, stages in _section(document, "load").items()}
    for path, stages in profiles.items():
        yield path, [stage if isinstance(stage, dict) else {} for stage in stages] if isinstance(stages, list) else []


def _section(document: Document, key: str) -> dict[str, Any]:
    return _below(document.tree, key)


def _below(node: dict[str, Any], key: str) -> dict[str, Any]:
    value = node.get(key)
    return value if isinstance(value, dict) else {}
