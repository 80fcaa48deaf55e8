"""The benches' own service in a git repository of its own, made anew for every session: a branch per planted version."""

import os
import subprocess
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from perfkit.compare import git

SERVICE = Path(__file__).parent / "service"
SCENARIO = "service.yaml"
BASE = "base"
# Nobody's settings, and always the same commits.
WHO = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@example.com", "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@example.com", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
}  # fmt: skip


class Repository:
    """`base`, and whatever branches are made from it."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.scenario = top / SCENARIO
        top.mkdir(parents=True)
        self.files = {path.name: path.read_text() for path in sorted(SERVICE.iterdir()) if path.is_file()}
        self.files[".gitignore"] = self.files.pop("gitignore")
        self._git("init", "-q", "-b", BASE)
        self._commit(self.files, BASE)

    def branch(self, name: str, files: Mapping[str, str]) -> str:
        """The base with these files in the place of its own, as one commit."""
        self._git("checkout", "-q", "-B", name, BASE)
        self._commit(files, name)
        self._git("checkout", "-q", BASE)
        return name

    def line(self, name: str, changes: Iterable[tuple[Mapping[str, str], str]]) -> list[str]:
        """Commits after the base, one on the other: the files that each changes and its message; gives their names."""
        self._git("checkout", "-q", "-B", name, BASE)
        made: list[str] = []
        for files, message in changes:
            self._commit(files, message)
            made.append(git.tell(self.top, "rev-parse", "HEAD"))
        self._git("checkout", "-q", BASE)
        return made

    def _commit(self, files: Mapping[str, str], message: str) -> None:
        for name, text in files.items():
            (self.top / name).write_text(text)
        self._git("add", "-A")
        self._git("commit", "-q", "-m", message)

    def _git(self, *arguments: str) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        subprocess.run(["git", *arguments], cwd=self.top, env=inherited | WHO, check=True)


@contextmanager
def made() -> Generator[Repository]:
    with TemporaryDirectory(prefix="bench-service-") as folder:
        yield Repository(Path(folder).resolve() / "service")
