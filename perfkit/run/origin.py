"""Which code was measured: the commit of the target's checkout, and the name of the run that follows from it."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from perfkit import folders
from perfkit.evidence import RunDirectory


@dataclass(frozen=True, slots=True)
class Origin:
    """A commit, its parent, and whether files differ from it; all empty outside git."""

    commit: str = ""
    parent: str = ""
    dirty: bool = False


def of(folder: Path) -> Origin:
    """The commit of the checkout that `folder` lies in."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return Origin()
    return Origin(
        commit, _git(folder, "rev-parse", "--verify", "-q", "HEAD~1"), bool(_git(folder, "status", "--porcelain", "-uno"))
    )


def new_directory(out: Path, scenario: str, origin: Origin, at: datetime | None = None) -> RunDirectory:
    """Makes `<yyyymmdd-hhmmss>-<scenario>-<short commit>/`; two runs in one second get a suffix."""
    moment = (at or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    name = folders.named(moment, scenario, origin.commit[:6] or "nogit")
    return RunDirectory(folders.made(out, name, "run directories"))


def point_latest(out: Path, directory: RunDirectory) -> None:
    """Makes `latest` point at the newest run, in one step."""
    link, fresh = out / "latest", out / f".latest-{directory.path.name}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(directory.path.name)
    fresh.replace(link)


def _git(folder: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
