"""One py-spy at one process: it cannot outlive perfkit, is stopped so that it writes its file, and is heard out."""

import importlib.metadata
import json
import os
import re
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from perfkit.target.process import Supervised

# The names of frames and the wording of its last lines differ between versions, so the version is pinned (pyproject.toml).
VERSION: Final = "0.4.3"
PROGRAM: Final = Path(sys.executable).with_name("py-spy")
YAMA: Final = Path("/proc/sys/kernel/yama/ptrace_scope")
# Long enough to write a big file on a busy machine.
STOP_LIMIT: Final = 15.0
# It reads the symbols of the interpreter first; until it has, nothing is seen of the load that it is there for.
SAMPLING: Final = b"py-spy> Sampling process"
START_LIMIT: Final = 3.0
LOOK: Final = 0.02
LAST_LINE: Final = re.compile(r"Samples: (\d+) Errors: (\d+)")
BEHIND: Final = re.compile(r"([\d.]+)s behind in sampling")
DENIED: Final = re.compile(r"permission denied|operation not permitted|ptrace_scope", re.IGNORECASE)
# Above these the stacks are no fair sample any more (profiling.md 1.1).
MOST_ERRORS: Final = 0.05
MOST_BEHIND: Final = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What py-spy said: why there is no profile, or how far it can be believed."""

    samples: int
    errors: int
    behind: float  # seconds
    failure: str  # "" when there is a profile

    @property
    def doubt(self) -> str:
        if self.samples and self.errors / (self.samples + self.errors) > MOST_ERRORS:
            return f"unreliable: {self.errors} of {self.samples + self.errors} samples failed"
        if self.behind > MOST_BEHIND:
            return f"unreliable: py-spy was {self.behind:g} s behind; lower profiling.stacks.rate"
        return ""


@dataclass(slots=True)
class Recording:
    """A running py-spy."""

    pid: int
    file: Path  # <pid>.raw
    started: float
    rate: float
    _supervised: Supervised
    _log: IO[bytes]

    def await_sampling(self, limit: float = START_LIMIT) -> None:
        """Until it says that it samples; one that never says so is heard out when it is finished."""
        log, deadline = self.file.with_suffix(".log"), self.started + limit
        while SAMPLING not in log.read_bytes() and self._supervised.exit_code is None and time.monotonic() < deadline:
            time.sleep(LOOK)

    def ask_to_stop(self) -> None:
        """SIGINT: at anything else py-spy loses its file."""
        self._supervised.signal(signal.SIGINT)

    def finish(self) -> Outcome:
        """Waits for the file and notes beside it at which rate it was made."""
        self._supervised.wait(STOP_LIMIT)
        self._supervised.stop()
        self._log.close()
        path = self.file.with_suffix(".log")
        outcome = parse(path.read_text(errors="replace"), self.pid, written=self.file.exists())
        seconds = time.monotonic() - self.started
        beside = {"rate": self.rate, "seconds": seconds, "version": VERSION, **asdict(outcome)}
        self.file.with_suffix(".json").write_text(json.dumps(beside))
        return outcome


def start(pid: int, folder: Path, rate: float, *, native: bool) -> Recording:
    """Raises TargetError when there is no such program."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{pid}.raw"
    with ExitStack() as stack:
        log = stack.enter_context(file.with_suffix(".log").open("wb", buffering=0))
        supervised = Supervised.start(command(pid, file, rate, native=native), os.environ, log, stop="INT", grace=STOP_LIMIT)
        stack.pop_all()
    return Recording(pid, file, time.monotonic(), rate, supervised, log)


def command(pid: int, file: Path, rate: float, *, native: bool) -> tuple[str, ...]:
    """--nonblocking: the default stops every thread of the target for every sample."""
    how = ("-f", "raw", "-r", str(max(1, round(rate))), "-d", "unlimited", "--full-filenames")
    # Native stacks cannot be read from a thread that runs on: py-spy refuses the two together.
    pausing = "--native" if native else "--nonblocking"
    return (str(PROGRAM), "record", "-p", str(pid), *how, pausing, "-o", str(file))


def unfit() -> str:
    """Why py-spy cannot be used at all; "" when it can."""
    if not PROGRAM.exists():
        return f"py-spy is not installed beside {PROGRAM.parent.name}/python; pip install py-spy=={VERSION}"
    try:
        found = importlib.metadata.version("py-spy")
    except importlib.metadata.PackageNotFoundError:
        return f"py-spy is not installed; pip install py-spy=={VERSION}"
    return "" if found == VERSION else f"py-spy is {found}, and perfkit reads only {VERSION}; pip install py-spy=={VERSION}"


def parse(said: str, pid: int, *, written: bool) -> Outcome:
    """Reads what py-spy printed."""
    last = LAST_LINE.search(said)
    samples, errors = (int(last[1]), int(last[2])) if last else (0, 0)
    behind = max((float(found) for found in BEHIND.findall(said)), default=0.0)
    if last and written:
        return Outcome(samples, errors, behind, "")
    if DENIED.search(said):
        return Outcome(samples, errors, behind, f"py-spy may not trace pid {pid}: {permission(pid)}")
    lines = [line.removeprefix("Error: ") for line in said.splitlines() if line.strip() and not line.startswith("py-spy>")]
    return Outcome(samples, errors, behind, f"py-spy at pid {pid} wrote no profile: {lines[0] if lines else 'it said nothing'}")


def permission(pid: int) -> str:
    """What stands in the way of tracing a process, and the cure."""
    scope = YAMA.read_text().strip() if YAMA.exists() else "0"
    if scope in {"1", "2", "3"}:
        cure = "run perfkit as root" if scope == "2" else "run `sudo sysctl kernel.yama.ptrace_scope=0`, or perfkit as root"
        return f"kernel.yama.ptrace_scope is {scope}; {'reboot with a lower value' if scope == '3' else cure}"
    try:
        owner = Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return "it has ended"
    if os.geteuid() not in {0, owner}:
        return f"it belongs to uid {owner} and perfkit runs as uid {os.geteuid()}; run perfkit as that user or as root"
    return "perfkit lacks CAP_SYS_PTRACE; in a container start it with --cap-add=SYS_PTRACE, else run perfkit as root"
