"""The service under test, as the rest of perfkit knows it: where it answers and which processes it is."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """A target that answers; the fields about its processes are None when perfkit did not start it."""

    base_url: str
    launched: bool
    root_pid: int | None  # of the launched command
    probe_directory: Path | None
    python: str | None  # version of the interpreter that the probe reported; None until it does
    supervisor_pid: int | None = None  # parent of root_pid and of everything that daemonised itself
