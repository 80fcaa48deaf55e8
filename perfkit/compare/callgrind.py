"""valgrind's count of the instructions that a version executes, from one moment to the next, in all of its processes.

Callgrind without cache simulation (raw `Ir`, which code layout does not move), switched on once the version is up, so that its
start costs a few times and not fifty times as long. Counts are read by vgdb, which also sets them back to zero.
"""

import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Final

import psutil

from perfkit.errors import ComparisonError
from perfkit.evidence import Missing
from perfkit.target.process import Supervised

PROGRAMS: Final = ("valgrind", "vgdb")
# A dump is written in a tenth of a second; a process that sleeps in a system call answers when it wakes.
LIMIT: Final = 60.0
_TOOL: Final = "callgrind-"
_TOTALS: Final = b"totals: "


def missing() -> Missing | None:
    """Why nothing can be counted on this machine; None when it can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return Missing(f"there is no {absent[0]}: install it with `sudo apt-get install valgrind`") if absent else None


def prefix(folder: Path) -> tuple[str, ...]:
    """What goes before the command of a version; `folder` is where the counts go."""
    options = ("--tool=callgrind", "--trace-children=yes", "--instr-atstart=no", "--quiet")
    return ("valgrind", *options, f"--callgrind-out-file={folder}/%p", f"--vgdb-prefix={folder}/vgdb")


class Meter:
    """Of one version that was started behind `prefix`."""

    def __init__(self, supervised: Supervised, folder: Path) -> None:
        self._supervised = supervised
        self._folder = folder

    def begin(self) -> None:
        """Counts from here on, in every process that there is now and in those that they will start."""
        self._tell("instrumentation", "on")
        self.read()

    def read(self) -> int:
        """Instructions since this was last asked."""
        self._tell("dump")
        total = 0
        # Of each process one file per dump; a process that ended has left its last counts in a file without a number.
        for path in self._folder.glob("[0-9]*"):
            total += totals(path.read_bytes())
            path.unlink()
        return total

    def _tell(self, *words: str) -> None:
        pids = self._pids()
        if not pids:
            raise ComparisonError(
                "nothing of the version runs under valgrind", hint="Its command may start the service by way of another program."
            )
        with ThreadPoolExecutor(len(pids)) as side_by_side:  # each answers when valgrind looks, ten times a second
            list(side_by_side.map(self._tell_one, pids, repeat(words)))

    def _tell_one(self, pid: int, words: Sequence[str]) -> None:
        line = ("vgdb", f"--pid={pid}", f"--vgdb-prefix={self._folder}/vgdb", *words)
        try:
            done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            raise ComparisonError(f"valgrind did not answer within {LIMIT:g} s (`vgdb {words[0]}`)") from error
        if done.returncode and psutil.pid_exists(pid):
            raise ComparisonError(f"`vgdb {words[0]}` failed: {done.stderr.strip().splitlines()[-1:] or ['without a word']}")

    def _pids(self) -> list[int]:
        try:
            root = psutil.Process(self._supervised.root_pid)
            return [one.pid for one in (root, *root.children(recursive=True)) if _is_counted(one)]
        except psutil.NoSuchProcess:
            return []


def totals(dump: bytes) -> int:
    """Of a file of callgrind's; 0 of one without any."""
    found = [line for line in dump.splitlines() if line.startswith(_TOTALS)]
    return sum(int(line.removeprefix(_TOTALS).split()[0]) for line in found)


def _is_counted(process: psutil.Process) -> bool:
    try:
        return Path(process.exe()).name.startswith(_TOOL)
    except psutil.Error:
        return False
