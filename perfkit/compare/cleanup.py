"""Nothing of a comparison outlives it: what it makes is on record beforehand, so that the next one finds what a kill left."""

import contextlib
import json
import os
import shutil
import signal
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import psutil

from perfkit.compare import checkouts
from perfkit.errors import ComparisonError

FORMAT: Final = 1
# In the environment of everything that a version starts, daemons included.
MARK: Final = "PERFKIT_COMPARISON"
RECORDS: Final = "comparisons"  # folder of the records in the cache
STOP_LIMIT: Final = 10.0  # for a supervisor to end what it looks after
POLL: Final = 0.05


def cache() -> Path:
    """Where perfkit keeps what it can make again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "perfkit"


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a comparison must leave nothing of."""

    mark: str  # names the comparison, and is the value of MARK in its processes
    owner: int  # pid of the perfkit that compares
    owner_began: int  # its start in the kernel's ticks: a pid alone may be another's by now
    boot: str  # before another boot, no process of ours
    worktrees: tuple[tuple[str, str], ...] = ()  # repository, folder
    folders: tuple[str, ...] = ()


class Registry:
    """The record of one comparison, true at every moment."""

    def __init__(self, belongings: Belongings, folder: Path) -> None:
        self.belongings = belongings
        self._path = folder / f"{belongings.mark}.json"
        self._write()

    @classmethod
    def open(cls, mark: str, folder: Path | None = None) -> Self:
        """A fresh record; `mark` is the comparison's own name."""
        where = folder or _registry()
        try:
            where.mkdir(parents=True, exist_ok=True)
            pid = os.getpid()
            return cls(Belongings(f"{mark}-{pid}", pid, _began(pid) or 0, _boot()), where)
        except OSError as error:
            raise ComparisonError(
                f"{where} cannot be written: {error.strerror}", hint="Set XDG_CACHE_HOME to a folder that can."
            ) from error

    def add_worktree(self, repository: Path, folder: Path) -> None:
        known = self.belongings.worktrees
        self.belongings = replace(self.belongings, worktrees=(*known, (str(repository), str(folder))))
        self._write()

    def add_folder(self, folder: Path) -> None:
        self.belongings = replace(self.belongings, folders=(*self.belongings.folders, str(folder)))
        self._write()

    def clear(self) -> None:
        """Removes everything, processes first, and then the record."""
        _clear(self.belongings)
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        fresh = self._path.with_suffix(".tmp")
        fresh.write_text(json.dumps({"format": FORMAT, **asdict(self.belongings)}))
        fresh.replace(self._path)


def recover(folder: Path | None = None) -> tuple[str, ...]:
    """Clears what comparisons left whose perfkit was killed; says what it was. Those that still run are left alone."""
    where = folder or _registry()
    told: list[str] = []
    for path in sorted(where.glob("*.json")) if where.is_dir() else ():
        left = _read(path)
        if left is None or _is_alive(left):
            continue
        ended = _clear(left)
        path.unlink(missing_ok=True)
        counts = ((ended, "process", "processes"), (len(left.worktrees), "worktree", "worktrees"))
        gone = [f"{number} {one if number == 1 else many}" for number, one, many in counts if number]
        told.append(f"cleared what the comparison {left.mark} left when it was killed: {' and '.join(gone) or 'its record'}")
    return tuple(told)


def _clear(left: Belongings) -> int:
    ended = _end_marked(left)
    for repository, folder in left.worktrees:
        checkouts.remove(Path(repository), Path(folder))
    for folder in left.folders:
        shutil.rmtree(folder, ignore_errors=True)
    return ended


def _end_marked(left: Belongings) -> int:
    """Ends every process that carries the mark: first as one asks a supervisor, then without asking."""
    if left.boot != _boot():
        return 0
    found = _marked(left.mark)
    for process in found:
        _send(process, kill=False)
    until = time.monotonic() + STOP_LIMIT
    while rest := _marked(left.mark):
        if time.monotonic() > until:
            for process in rest:
                _send(process, kill=True)
        time.sleep(POLL)
    return len(found)


def _send(process: psutil.Process, *, kill: bool) -> None:
    with contextlib.suppress(psutil.Error):
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)


def _marked(mark: str) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            ours = process.pid != os.getpid() and process.environ().get(MARK) == mark
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it has ended, or is somebody else's
    return found


def _is_alive(left: Belongings) -> bool:
    return left.boot == _boot() and _began(left.owner) == left.owner_began


def _began(pid: int) -> int | None:
    try:
        # The command name may hold spaces and brackets: fields count from its last bracket; the start is field 22 (proc(5)).
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return None if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _registry() -> Path:
    return cache() / RECORDS


def _read(path: Path) -> Belongings | None:
    """None of a record that is damaged, or of another version: what it means is not ours to guess."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        if content.pop("format") != FORMAT:
            return None
        pairs = tuple((str(repository), str(folder)) for repository, folder in content.pop("worktrees"))
        folders = tuple(map(str, content.pop("folders")))
        return Belongings(**content, worktrees=pairs, folders=folders)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
