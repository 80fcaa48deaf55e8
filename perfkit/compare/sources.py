"""What may be compared: a revision, the working tree as it is, a command, a running service, or a run on record."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from perfkit.compare import git
from perfkit.errors import ComparisonError
from perfkit.evidence import RunDirectory
from perfkit.run import runfile
from perfkit.scenario import secrets
from perfkit.scenario.address import checked
from perfkit.scenario.suggestions import did_you_mean

Kind: TypeAlias = Literal["revision", "worktree", "command", "url", "run"]

WORKING_TREE: Final = (".", "worktree")
COMMAND: Final = "cmd:"
URLS: Final = ("http://", "https://", "http+unix://")
SHORT: Final = 7  # digits of a commit, as git shows it
LONGEST_SLUG: Final = 24


@dataclass(frozen=True, slots=True)
class Source:
    """One of the two versions, as it was asked for."""

    kind: Kind
    label: str  # as it was typed, secrets masked
    commit: str = ""  # what it is, or began as; "" when that is not known
    dirty: bool = False  # differs from its commit
    repository: Path | None = None  # its top folder; None outside git and of what runs already
    changed: tuple[str, ...] = ()  # the files that differ
    command: tuple[str, ...] = ()
    url: str = ""
    run: Path | None = None

    @property
    def is_launched(self) -> bool:
        """Whether perfkit starts it; the rest runs, or ran, already."""
        return self.kind in {"revision", "worktree", "command"}

    @property
    def shown(self) -> str:
        """`main (4f2c1e0)`, `the working tree (4f2c1e0 and 3 changed files)`."""
        if self.kind == "revision":
            return self.label if self.commit.startswith(self.label) else f"{self.label} ({self.commit[:SHORT]})"
        if self.kind == "worktree":
            files = "1 changed file" if len(self.changed) == 1 else f"{len(self.changed)} changed files"
            changes = f" and {files}" if self.dirty else ", unchanged"
            return f"the working tree ({self.commit[:SHORT]}{changes})"
        if self.run is not None:
            return f"the run {self.run.name}"
        return f"`{self.label.removeprefix(COMMAND)}`" if self.kind == "command" else self.label

    @property
    def slug(self) -> str:
        """For the name of a folder."""
        if self.kind == "revision":
            return self.commit[:SHORT]
        text = "worktree" if self.kind == "worktree" else self.label
        kept = "".join(letter if letter.isalnum() else "-" for letter in text).strip("-")
        return kept[:LONGEST_SLUG].rstrip("-") or self.kind


def is_run(text: str) -> bool:
    """Whether a text names a run directory; `.` is the working tree, whatever lies in it."""
    return text not in WORKING_TREE and not text.startswith((COMMAND, *URLS)) and (Path(text) / "run.json").is_file()


def read(text: str, repository: Path) -> Source:
    """What `text` names; `repository` is any folder of the repository in question."""
    label = secrets.mask_text(text)
    if text.startswith(COMMAND):
        return _command(text.removeprefix(COMMAND), label, repository)
    if text.startswith(URLS):
        try:
            return Source("url", label, url=checked(text, Path.cwd()))
        except ValueError as error:
            raise ComparisonError(str(error), hint="Name two services that run: http://127.0.0.1:8001.") from error
    if is_run(text):
        return _run(Path(text), label)
    top = git.top(repository)
    if top is None:
        raise ComparisonError(
            f"{repository} is in no git repository, so {label!r} names no version",
            hint='Compare two commands (cmd:"..."), two running services (http://...) or two run directories.',
        )
    if text in WORKING_TREE:
        commit, changed = tree(top)
        return Source("worktree", label, commit, bool(changed), top, changed)
    commit = git.ask(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{commit}}") or ""
    if not commit:
        raise _unknown(text, top)
    return Source("revision", label, commit, repository=top)


def require_baseline(source: Source, *, allow: bool = False) -> tuple[str, ...]:
    """A baseline must be there again tomorrow: a working tree with changes will not be. What was allowed is told."""
    if source.kind != "worktree" or not source.dirty:
        return ()
    named = ", ".join(source.changed[:3]) + (", ..." if len(source.changed) > 3 else "")  # noqa: PLR2004  a line of them
    if not allow:
        raise ComparisonError(
            f"the working tree has uncommitted changes ({named}): it cannot be the baseline",
            hint="Name a revision as the baseline (perfkit compare HEAD .), commit first, or take it as it is with --allow.",
        )
    return (f"the baseline has uncommitted changes ({named}), and will not be there again",)


def tree(top: Path) -> tuple[str, tuple[str, ...]]:
    """The commit that a working tree stands on, and every file in which it differs: untracked ones too, ignored ones not."""
    commit = git.ask(top, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        raise ComparisonError(f"{top} has no commit yet", hint="Commit first.")
    return commit, tuple(sorted({*differing(top), *untracked(top)}))


def differing(top: Path) -> tuple[str, ...]:
    """Tracked files that are changed, added or gone."""
    return git.names(top, "diff", "--name-only", "--no-renames", "--ignore-submodules=all", "-z", "HEAD")


def untracked(top: Path) -> tuple[str, ...]:
    """Files that git would offer to add; a folder that is a repository of its own is none."""
    found = git.names(top, "ls-files", "--others", "--exclude-standard", "-z")
    return tuple(name for name in found if not name.endswith("/"))


def _command(text: str, label: str, repository: Path) -> Source:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ComparisonError(f"{label!r} is not a command: {error}", hint="Quote it as in a shell.") from error
    if not words:
        raise ComparisonError(f"{label!r} names no command", hint='Give one after the colon: cmd:"gunicorn app:app -b :8000".')
    top = git.top(repository)
    if top is None:
        return Source("command", label, command=words)
    commit, changed = tree(top)
    return Source("command", label, commit, bool(changed), top, changed, words)


def _run(path: Path, label: str) -> Source:
    recorded = runfile.read(RunDirectory(path.resolve()))
    return Source("run", label, recorded.commit, recorded.dirty, run=path.resolve())


def _unknown(text: str, top: Path) -> ComparisonError:
    known = (git.ask(top, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes") or "").split()
    shallow = git.ask(top, "rev-parse", "--is-shallow-repository") == "true"
    cure = "This clone is shallow: fetch the whole history first (git fetch --unshallow; fetch-depth: 0 in CI)."
    return ComparisonError(
        f"there is no revision {text!r} in {top}{did_you_mean(text, known[:20]) if known else ''}",
        hint=cure if shallow else "`git log --oneline` lists what there is; `.` is the working tree as it is.",
    )
