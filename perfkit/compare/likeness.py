"""Whether two versions that are up differ in anything but their code: Python, libraries, number of workers."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from perfkit.probe import records
from perfkit.target import events, identify
from perfkit.target.target import Target

LIMIT: Final = 30.0
MOST_NAMED: Final = 5
# Run by the target's own interpreter, 3.8 and newer. A distribution that was installed from a folder is a version's own code.
_SURVEY: Final = """
import importlib.metadata, json, os, sys
libraries = {}
for distribution in importlib.metadata.distributions():
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        origin = {}
    if "dir_info" not in origin and distribution.metadata["Name"]:
        libraries[distribution.metadata["Name"].lower().replace("_", "-")] = distribution.version
paths = [path for path in sys.path if path]
for name, module in list(sys.modules.items()):
    if name.startswith("__editable__"):
        paths += [os.path.dirname(path) for path in getattr(module, "MAPPING", {}).values()]
print(json.dumps({"python": "%d.%d.%d" % sys.version_info[:3], "libraries": libraries, "paths": sorted(set(paths))}))
"""


@dataclass(frozen=True, slots=True)
class Survey:
    """What an interpreter has."""

    python: str
    libraries: Mapping[str, str]  # name → version
    paths: tuple[str, ...]  # where it imports from, editable installs included


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two versions must have in common."""

    workers: int = 0
    surveys: Mapping[str, Survey] = field(default_factory=dict[str, Survey])  # executable → what it has


def survey(executable: str, environment: Mapping[str, str]) -> Survey | None:
    """Asks an interpreter; None when it does not answer."""
    kept = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    line = (executable, "-c", _SURVEY)
    try:
        done = subprocess.run(line, env=kept, cwd="/", capture_output=True, text=True, check=False, timeout=LIMIT)
        found = json.loads(done.stdout)
        return Survey(found["python"], found["libraries"], tuple(found["paths"]))
    except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired):
        return None


def of(target: Target, environment: Mapping[str, str]) -> Likeness | None:
    """What a target that is up says of itself; None when the probe says nothing."""
    workers = identify.serving(target)
    if not workers or target.probe_directory is None:
        return None
    executables = sorted(filter(None, {_executable(target.probe_directory, worker.pid) for worker in workers}))
    found = {executable: survey(executable, environment) for executable in executables}
    return Likeness(len(workers), {executable: has for executable, has in found.items() if has is not None})


def editable(found: Survey | None, top: Path, work: Path) -> tuple[Path, ...]:
    """Folders of the repository's own working tree from which an interpreter imports; checkouts lie in `work`.

    An environment with `pip install -e .` in it imports the working tree, whatever is checked out elsewhere.
    """
    paths = (Path(path).resolve() for path in (found.paths if found is not None else ()))
    inside = (path for path in paths if path.is_relative_to(top) and not path.is_relative_to(work))
    return tuple(path for path in inside if "site-packages" not in path.parts and path.is_dir())


def differences(base: Likeness | None, head: Likeness | None) -> tuple[str, ...]:
    """What the two do not have in common, in words; empty when nothing, or when nothing is known."""
    if base is None or head is None:
        return ()
    told: list[str] = []
    if base.workers != head.workers:
        told.append(f"base has {base.workers} serving processes, head has {head.workers}")
    pythons = tuple(sorted({has.python for has in side.surveys.values()}) for side in (base, head))
    if all(pythons) and pythons[0] != pythons[1]:
        told.append(f"base runs on Python {' and '.join(pythons[0])}, head on {' and '.join(pythons[1])}")
    return (*told, *_libraries(_together(base), _together(head)))


def _together(side: Likeness) -> dict[str, str]:
    return {name: version for has in side.surveys.values() for name, version in has.libraries.items()}


def _libraries(base: Mapping[str, str], head: Mapping[str, str]) -> tuple[str, ...]:
    names = sorted(name for name in base.keys() | head.keys() if base.get(name) != head.get(name))
    if not names or not base or not head:
        return ()
    shown = [f"{name} {base.get(name, 'absent')} and {head.get(name, 'absent')}" for name in names[:MOST_NAMED]]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (f"base and head have different libraries: {', '.join(shown)}{more}",)


def _executable(probe_directory: Path, pid: int) -> str:
    """Of the last process with that pid."""
    found = ""
    for path in sorted(probe_directory.glob(f"{pid}-*.events"), key=lambda path: int(path.stem.partition("-")[2])):
        for started in events.read(path).of(records.EVENT_STARTED):
            found = str(started.get("executable") or found)
    return found if found and os.access(found, os.X_OK) else ""
