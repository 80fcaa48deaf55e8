"""What is asked of git, and a refusal in its own words."""

import os
import subprocess
from pathlib import Path
from typing import Final

from perfkit.errors import ComparisonError

# A checkout of a large repository on a slow disk; whatever takes longer waits for something that does not come.
LIMIT: Final = 600.0
# Of a hook that called us: they would make git look at another repository than the one that was named.
_OF_HOOKS: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
# What a checkout should set off is in the scenario: the person's own hooks are for the person's own checkouts.
_WITHOUT_HOOKS: Final = ("-c", f"core.hooksPath={os.devnull}")


def ask(folder: Path, *arguments: str) -> str | None:
    """The answer without its last end of line; None when git refuses, or is not there."""
    finished = _run(folder, arguments)
    return _text(finished.stdout) if finished is not None and finished.returncode == 0 else None


def tell(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """The same; a ComparisonError when git refuses."""
    return _text(_told(folder, arguments, stdin))


def names(folder: Path, *arguments: str) -> tuple[str, ...]:
    """File names, as git gives them with -z."""
    return tuple(name for name in tell(folder, *arguments).split("\0") if name)


def contents(folder: Path, blobs: tuple[str, ...]) -> tuple[bytes, ...]:
    """What blobs hold, byte for byte."""
    told = _told(folder, ("cat-file", "--batch"), "".join(f"{blob}\n" for blob in blobs).encode())
    found: list[bytes] = []
    begin = 0
    for _ in blobs:  # each after a line with its name, its kind and its size
        end = told.index(b"\n", begin)
        size = int(told[begin:end].split()[2])
        found.append(told[end + 1 : end + 1 + size])
        begin = end + size + 2
    return tuple(found)


def top(folder: Path) -> Path | None:
    """The top folder of the repository that `folder` lies in."""
    found = ask(folder, "rev-parse", "--show-toplevel")
    return Path(found).resolve() if found else None


def _told(folder: Path, arguments: tuple[str, ...], stdin: bytes) -> bytes:
    finished = _run(folder, arguments, stdin)
    if finished is None:
        raise ComparisonError("git is not installed, or did not end", hint="Install git, or compare two commands or two URLs.")
    if finished.returncode:
        raise ComparisonError(f"`git {arguments[0]}` failed in {folder}: {_text(finished.stderr).strip()}")
    return finished.stdout


def _text(told: bytes) -> str:
    return told.decode(errors="surrogateescape").rstrip("\n")


def _run(folder: Path, arguments: tuple[str, ...], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes] | None:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    line = ("git", "-C", str(folder), *_WITHOUT_HOOKS, *arguments)
    try:
        return subprocess.run(
            line,
            env=environment,
            capture_output=True,
            input=stdin,
            check=False,
            timeout=LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
