"""What a version is built with: one virtual environment for all versions whose lock files, commands and Python are the same."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from perfkit.compare import git
from perfkit.compare.checkouts import Checkout
from perfkit.errors import ComparisonError
from perfkit.scenario.model import Launch
from perfkit.target import log, start
from perfkit.target.process import show_exit

# What says which libraries a version wants, wherever it lies in the repository.
LOCK_FILES: Final = (
    *("*requirements*.txt", "*requirements*.in", "*constraints*.txt", "requirements/*.txt"),
    *("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "*.lock", "pylock*.toml", "environment*.yml", ".python-version"),
)
# Of what a command leaves in a checkout, this does not have to be there for the version to run.
BY_THE_WAY: Final = ("__pycache__/", ".egg-info/", ".pyc")
DONE: Final = "perfkit.json"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment; without a folder it is what `perfkit run` would use."""

    folder: Path | None = None

    @property
    def programs(self) -> Path | None:
        return None if self.folder is None else self.folder / "bin"

    def variables(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The inherited environment with this one activated."""
        if self.folder is None:
            return dict(inherited)
        # Those are of the environment that perfkit was started in, and would mix the two.
        kept = {name: value for name, value in inherited.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
        path = os.pathsep.join((str(self.folder / "bin"), inherited.get("PATH", os.defpath)))
        return {**kept, "VIRTUAL_ENV": str(self.folder), "PATH": path}


OURS: Final = Environment()


@dataclass(frozen=True, slots=True)
class Site:
    """Where and how one version is built."""

    checkout: Checkout
    launch: Launch  # as it is in the checkout
    commands: tuple[tuple[str, ...], ...]
    private: Path  # for an environment that no other version can use
    output: Path  # what the commands print


def ready(site: Site, inherited: Mapping[str, str], cache: Path) -> Environment:
    """The environment of a version, made when there is none yet; without `prepare` commands it is our own."""
    if not site.commands:
        return OURS
    python = start.program("python", start.with_our_programs(inherited)["PATH"])
    if installs_in_place(site.commands):
        return _made(site, site.private, python, inherited)
    folder = cache / key(site, python)
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_suffix(".lock")):
        if not (folder / DONE).is_file():
            return _made(site, folder, python, inherited)
        if json.loads((folder / DONE).read_text())["leaves"]:
            # The commands also make files in the checkout (built assets, extensions): a fresh one needs them too.
            _run(site, Environment(folder), inherited)
        return Environment(folder)


def key(site: Site, python: str) -> str:
    """Same key, same environment."""
    digest = hashlib.sha256()
    for part in (json.dumps(site.commands), _version(python), *_contents(site)):
        digest.update(part.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()[:20]


def installs_tree(commands: tuple[tuple[str, ...], ...]) -> bool:
    """A command names the tree itself (`pip install .`): what gets installed is then as much the version as its files."""
    return any(word == "." or word.startswith((".[", "./", "..")) for command in commands for word in command[1:])


def installs_in_place(commands: tuple[tuple[str, ...], ...]) -> bool:
    """An environment that points into one checkout (`pip install -e .`) is of no use to another."""
    return any(word in {"-e", "--editable"} or word.startswith("--editable=") for command in commands for word in command[1:])


def _contents(site: Site) -> Iterator[str]:
    folder = site.checkout.folder
    for name in git.names(folder, "ls-files", "-z", "--", *(f":(glob)**/{pattern}" for pattern in LOCK_FILES)):
        if (folder / name).is_file():
            yield name
            yield hashlib.sha256((folder / name).read_bytes()).hexdigest()
    if installs_tree(site.commands):
        yield _tree(folder)


def _tree(folder: Path) -> str:
    """The hash of everything that is checked out, with what is not committed."""
    digest = hashlib.sha256((git.ask(folder, "rev-parse", "HEAD^{tree}") or "").encode())
    changed = (
        *git.names(folder, "diff", "--name-only", "-z", "HEAD"),
        *git.names(folder, "ls-files", "-oz", "--exclude-standard"),
    )
    for name in sorted(set(changed)):
        path = folder / name
        digest.update(name.encode(errors="surrogateescape") + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def _made(site: Site, folder: Path, python: str, inherited: Mapping[str, str]) -> Environment:
    shutil.rmtree(folder, ignore_errors=True)
    environment = Environment(folder)
    _command(site, (python, "-m", "venv", str(folder)), dict(inherited))
    leaves = _run(site, environment, inherited)
    (folder / DONE).write_text(json.dumps({"leaves": leaves}))
    return environment


def _run(site: Site, environment: Environment, inherited: Mapping[str, str]) -> bool:
    """Runs the commands; says whether they left anything in the checkout that a version may need."""
    before = _untracked(site.checkout.folder)
    for command in site.commands:
        _command(site, command, environment.variables(inherited))
    left = _untracked(site.checkout.folder) - before
    return any(not any(part in name for part in BY_THE_WAY) for name in left)


def _untracked(folder: Path) -> set[str]:
    return set(git.names(folder, "ls-files", "--others", "-z"))


def _command(site: Site, command: tuple[str, ...], environment: dict[str, str]) -> None:
    with site.output.open("ab", buffering=0) as output:
        supervised = start.start(site.launch, command, environment, output)
        try:
            code = supervised.wait()
        finally:
            supervised.stop()
    log.mask(site.output)
    if code != 0:
        raise ComparisonError(
            f"it cannot be built: `{' '.join(command)}` ended with {show_exit(code)}{log.quote(site.output)}",
            hint="Run it by hand in a fresh checkout of that version, or correct compare.prepare.",
        )


def _version(python: str) -> str:
    line = (python, "-c", "import sys; print(sys.version, sys.base_prefix)")
    return subprocess.run(line, capture_output=True, text=True, check=False).stdout


@contextmanager
def _alone(path: Path) -> Generator[IO[str]]:
    """Two comparisons at once do not make the same environment twice."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
