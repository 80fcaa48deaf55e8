"""What an interpreter has: its version, its libraries, where it imports from; asked of the interpreter itself."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.probe import records
from perfkit.target import events, identify
from perfkit.target.target import Target

LIMIT: Final = 30.0
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


def of(target: Target, environment: Mapping[str, str]) -> dict[str, Survey]:
    """Of every interpreter that serves, by its path; those that do not answer are left out, and without a probe all are."""
    if target.probe_directory is None:
        return {}
    executables = {_executable(target.probe_directory, worker.pid) for worker in identify.serving(target)}
    found = {executable: survey(executable, environment) for executable in sorted(filter(None, executables))}
    return {executable: has for executable, has in found.items() if has is not None}


def _executable(probe_directory: Path, pid: int) -> str:
    """Of the last process with that pid."""
    found = ""
    for path in sorted(probe_directory.glob(f"{pid}-*.events"), key=lambda path: int(path.stem.partition("-")[2])):
        for started in events.read(path).of(records.EVENT_STARTED):
            found = str(started.get("executable") or found)
    return found if found and os.access(found, os.X_OK) else ""
