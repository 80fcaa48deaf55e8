"""Files that git-LFS keeps elsewhere: a checkout without it has pointers in their place, which no service can read."""

from pathlib import Path
from typing import Final

from perfkit.compare import git
from perfkit.errors import ComparisonError

# The first line of every pointer (git-lfs, docs/spec.md), which has 1024 bytes at most.
POINTER: Final = b"version https://git-lfs.github.com/spec/v1"
LONGEST: Final = 1024
NAMED: Final = 3


def require_there(top: Path, folder: Path) -> None:
    """Raises where a checkout has a pointer to what the person's own tree has whole; who lives without the files may go on."""
    names = git.names(folder, "ls-files", "-z", "--", ":(attr:filter=lfs)")
    lost = [name for name in names if is_pointer(folder / name) and (top / name).is_file() and not is_pointer(top / name)]
    if lost:
        named = ", ".join(lost[:NAMED]) + (f" and {len(lost) - NAMED} more" if len(lost) > NAMED else "")
        raise ComparisonError(
            f"its checkout has pointers of git-LFS instead of files: {named}",
            hint="Run `git lfs install && git lfs fetch --all`, so that a checkout gets the files themselves.",
        )


def is_pointer(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= LONGEST and path.read_bytes().startswith(POINTER)
