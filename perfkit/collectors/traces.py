"""The probe as an observer: whether it is in every process that serves, and which of its hooks are not in place."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from perfkit.collectors import probe_processes
from perfkit.collectors.absent import NOT_LAUNCHED, absent
from perfkit.collectors.base import Observation
from perfkit.evidence import PHASES as ALL_PHASES
from perfkit.evidence import Phase, RunDirectory

NAME: Final = "traces"
PHASES: Final[frozenset[Phase]] = frozenset(ALL_PHASES)
SILENT: Final = (
    "the probe never reported: the target's Python ignored PYTHONPATH (was it started with -I, -E or -S?), "
    "or the command starts it with an environment of its own, or it is no Python"
)


def observe(observation: Observation, /) -> AbstractContextManager[None]:
    if not observation.target.launched:
        return absent(observation.directory, NAME, NOT_LAUNCHED)
    # Where the target was told to write: not this run's folder, when the target has outlived another run.
    return _listening(observation.directory, observation.target.probe_directory or observation.directory.probe)


@contextmanager
def _listening(directory: RunDirectory, probe: Path) -> Generator[None]:
    """The probe writes by itself; what is left to do is to say at the end whether it did."""
    try:
        yield
    finally:
        processes = probe_processes.read(probe)
        directory.note(NAME, "ok" if processes else SILENT)
        for hook in probe_processes.hooks(processes):
            if hook["state"] != "installed":
                directory.note(f"hook {hook['name']}", f"{hook['state']}: {hook['why']}" if hook["why"] else hook["state"])
