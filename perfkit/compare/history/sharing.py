"""Where entries are shared: a folder, or a branch of the repository; such a place is put to and read, never taken from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from perfkit import folders
from perfkit.compare import git
from perfkit.compare.history import entry as entries
from perfkit.compare.history.branch import Branch
from perfkit.compare.history.entry import Entry
from perfkit.errors import ComparisonError, EvidenceError

BRANCH: Final = "branch:"
FOLDER: Final = "folder:"
HINT: Final = "Name a place as branch:perf-data or folder:PATH."


class SharedPlace(Protocol):
    """Files by name; a name is taken by one content only."""

    def files(self) -> Mapping[str, bytes]: ...

    def put(self, name: str, content: bytes) -> bool:
        """False when it was there already."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that a team can reach: of a shared disk, or an artifact of CI."""

    path: Path

    def files(self) -> Mapping[str, bytes]:
        if not self.path.is_dir():
            raise EvidenceError(f"{self.path} is not a folder", hint="`perfkit history add REPORT --to folder:PATH` makes it.")
        try:
            return {path.name: path.read_bytes() for path in sorted(self.path.glob("*.json")) if path.is_file()}
        except OSError as error:
            raise EvidenceError(f"{self.path} cannot be read: {error.strerror}") from error

    def put(self, name: str, content: bytes) -> bool:
        path = self.path / name
        if path.exists():
            return False
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ComparisonError(f"{self.path} cannot be made: {error.strerror}", hint="Share another folder.") from error
        folders.write(path, content, ComparisonError)
        return True


@dataclass(frozen=True, slots=True)
class Found:
    """Entries in the order of their names, and what could not be read, in words."""

    entries: tuple[Entry, ...]
    unread: tuple[str, ...] = ()


def named(text: str, folder: Path) -> SharedPlace:
    """What `text` names; `folder` is any folder of the repository in question."""
    if text.startswith(FOLDER) and text != FOLDER:
        return Folder(Path(text.removeprefix(FOLDER)))
    if text.startswith(BRANCH) and text != BRANCH:
        top = git.top(folder)
        if top is None:
            raise ComparisonError(
                f"{folder} is in no git repository, so {text!r} names no branch", hint="Share a folder instead: folder:PATH."
            )
        return Branch.named(top, text.removeprefix(BRANCH))
    raise ComparisonError(f"{text!r} names no shared place", hint=HINT)


def read(place: SharedPlace) -> Found:
    """One file that nobody can read takes nothing from the others."""
    read_: list[Entry] = []
    unread: list[str] = []
    for name, content in sorted(place.files().items()):
        try:
            read_.append(entries.read(content))
        except ValueError as error:
            unread.append(f"{name} {error}")
    return Found(tuple(read_), tuple(unread))


def put(place: SharedPlace, entry: Entry) -> bool:
    """False when the same entry was there already."""
    return place.put(entry.name, entries.text(entry).encode())


def listed(unread: tuple[str, ...]) -> Iterator[str]:
    """The first of them, and how many more."""
    yield from unread[:3]
    if len(unread) > 3:  # noqa: PLR2004  as many as were named
        yield f"and {len(unread) - 3} more files could not be read"
