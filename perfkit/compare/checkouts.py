"""A version's own copy of the repository, under a path as long as the other's, and where the scenario's paths lie in it."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.compare import git, large_files, sources, submodules
from perfkit.compare.sources import Source
from perfkit.errors import ComparisonError
from perfkit.scenario.model import Launch

_VIRTUAL_ENVIRONMENT: Final = "pyvenv.cfg"
# What may follow a path in a text: not the rest of a longer name.
_REST: Final = r"(?P<rest>/[^\s:;,\"']*|(?![\w.-]))"


@dataclass(frozen=True, slots=True)
class Checkout:
    """`top`, the repository's folder, as this version has it."""

    top: Path
    folder: Path

    def mapped(self, path: Path) -> Path:
        """Where a path of the repository lies here; paths outside stay."""
        return self.folder / path.relative_to(self.top) if path.is_relative_to(self.top) else path

    def text(self, text: str) -> str:
        """A text with every path of the repository as it is here.

        Virtual environments stay where they are: git does not know them, and their own scripts hold their path.
        """

        def place(match: re.Match[str]) -> str:
            path = Path(match[0])
            return match[0] if _is_of_environment(path, self.top) else str(self.folder) + match["rest"]

        return re.sub(re.escape(str(self.top)) + _REST, place, text)

    def launch(self, launch: Launch, programs: Path | None = None) -> Launch:
        """The same launch, here; `programs` is where the version's own environment has its programs."""
        cwd = Path(launch.cwd) if launch.cwd else self.top

        def command(words: tuple[str, ...]) -> tuple[str, ...]:
            program, *arguments = map(self.text, words)
            return _program(program, cwd, self.mapped(cwd), programs), *arguments

        return launch.model_copy(
            update={
                "command": command(launch.command),
                "cwd": str(self.mapped(cwd)),
                "env": {name: self.text(value) for name, value in launch.env.items()},
                "before": tuple(map(command, launch.before)),
            }
        )


def create(source: Source, folder: Path, excluded: Path) -> Checkout:
    """Checks the version out; of a working tree also what is not committed, except what lies in `excluded`."""
    top = source.repository
    assert top is not None
    folder.parent.mkdir(parents=True, exist_ok=True)
    git.tell(top, "worktree", "add", "--detach", "--force", str(folder), source.commit)
    submodules.bring(top, folder)
    large_files.require_there(top, folder)
    if source.kind != "revision":
        overlay(top, folder, excluded)
    return Checkout(top, folder)


def overlay(top: Path, folder: Path, excluded: Path) -> None:
    """What the working tree has besides its commit: changes, files that are gone, files that git does not know yet."""
    for name in {*sources.differing(top), *sources.untracked(top)}:
        origin, copy = top / name, folder / name
        if origin.is_relative_to(excluded):
            continue
        if copy.is_symlink() or copy.is_file():
            copy.unlink()
        if origin.is_symlink() or origin.exists():
            _copy(origin, copy)


def bring(paths: tuple[str, ...], checkout: Checkout) -> None:
    """What the scenario's `copy` names: files that git ignores and that every version needs, each with a copy of its own."""
    for path in map(Path, paths):
        if not path.is_relative_to(checkout.top):
            raise ComparisonError(
                f"compare.copy: {path} is not in the repository {checkout.top}",
                hint="What lies outside is the same for both versions, and needs no copy.",
            )
        if not path.exists():
            raise ComparisonError(f"compare.copy: there is no {path}", hint="Make it, or take it out of compare.copy.")
        _copy(path, checkout.mapped(path))


def remove(repository: Path, folder: Path) -> None:
    """The checkout and what git knows of it; also half of one, and also when git is of no help."""
    git.ask(repository, "worktree", "remove", "--force", "--force", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    git.ask(repository, "worktree", "prune")


def _copy(origin: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir() and not origin.is_symlink():
        shutil.copytree(origin, copy, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(origin, copy, follow_symlinks=False)


def _program(word: str, origin: Path, here: Path, programs: Path | None) -> str:
    """A relative program of a virtual environment beside the scenario, `.venv/bin/gunicorn`, is not in any checkout."""
    path = Path(word)
    if path.is_absolute() or "/" not in word or (here / path).exists():
        return word
    if programs is not None and (programs / path.name).exists():
        return str(programs / path.name)
    there = origin / path
    return str(there) if there.exists() and _is_of_environment(there, Path("/")) else word


def _is_of_environment(path: Path, top: Path) -> bool:
    return any((folder / _VIRTUAL_ENVIRONMENT).is_file() for folder in (path, *path.parents) if folder.is_relative_to(top))
