"""The line of commits from GOOD to BAD: first parents only, and of those the ones that changed something in the end."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.compare import git
from perfkit.compare.sources import SHORT, Source
from perfkit.errors import ComparisonError
from perfkit.report.visible import one_line

_SEPARATOR: Final = "\x1f"
_FORMAT: Final = "%H%x1f%T%x1f%P%x1f%aI%x1f%s"


@dataclass(frozen=True, slots=True)
class Commit:
    """`content` is its tree, or what the tree has under the paths that matter: same content, same behaviour."""

    hash: str
    tree: str
    content: str
    parents: tuple[str, ...]
    authored_at: str  # ISO 8601
    subject: str

    @property
    def short(self) -> str:
        return self.hash[:SHORT]

    @property
    def shown(self) -> str:
        return f"{self.short} {self.subject}".rstrip()

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1


@dataclass(frozen=True, slots=True)
class Line:
    """Places count from 1; GOOD is place 0. The last commit behaves as BAD does."""

    repository: Path
    good: Source
    bad: Source
    good_tree: str
    commits: tuple[Commit, ...]
    between: int  # commits from GOOD to BAD, those included that changed nothing
    skipped: frozenset[int] = frozenset()  # places that somebody does not want probed
    caveats: tuple[str, ...] = ()

    def at(self, place: int) -> Commit:
        return self.commits[place - 1]


def read(good: Source, bad: Source, paths: Sequence[str] = (), skip: Sequence[str] = ()) -> Line:
    """Raises ComparisonError where no line leads from one to the other."""
    top = _require_revisions(good, bad)
    _require_ancestor(top, good, bad)
    first = _commits(top, "-1", good.commit, paths=paths)[0]
    found = _commits(top, "--first-parent", "--reverse", f"{good.commit}..{bad.commit}", paths=paths)
    kept = [found[position - 1] for position in lasting([first.content, *(one.content for one in found)])]
    unwanted = _unwanted(top, skip)
    places = frozenset(place for place, one in enumerate(kept, 1) if one.hash in unwanted)
    if len(kept) in places:
        raise ComparisonError(
            f"{kept[-1].short}, with which BAD came to be what it is, is to be skipped",
            hint="BAD has to be measured: name another BAD, or `git bisect reset` what an earlier bisect skipped.",
        )
    return Line(top, good, bad, first.tree, tuple(kept), len(found), places, tuple(_caveats(good, found)))


def lasting(contents: Sequence[str]) -> tuple[int, ...]:
    """Positions of the commits that changed something in the end; the first is GOOD.

    What lies between two commits with the same content was undone: no step that is there in the end can have come with it.
    """
    last = {content: position for position, content in enumerate(contents)}
    found: list[int] = []
    position = last[contents[0]]
    while position + 1 < len(contents):
        found.append(position + 1)
        position = last[contents[position + 1]]
    return tuple(found)


def _require_revisions(good: Source, bad: Source) -> Path:
    for source in (good, bad):
        if source.kind == "worktree" and source.dirty:
            raise ComparisonError(
                f"{source.shown} is no commit: a bisect goes from commit to commit", hint="Commit first, and name HEAD."
            )
        if source.kind not in {"revision", "worktree"}:
            raise ComparisonError(
                f"{source.shown} is no revision: there are no commits to search between", hint="Name two revisions of one branch."
            )
    assert good.repository is not None
    return good.repository


def _require_ancestor(top: Path, good: Source, bad: Source) -> None:
    if git.ask(top, "merge-base", "--is-ancestor", good.commit, bad.commit) is not None:
        return
    if git.ask(top, "merge-base", "--is-ancestor", bad.commit, good.commit) is not None:
        raise ComparisonError(
            f"GOOD, {good.shown}, is younger than BAD, {bad.shown}",
            hint=f"The search goes forward: perfkit bisect {bad.label} {good.label}; a step that made it faster is found too.",
        )
    base = git.ask(top, "merge-base", good.commit, bad.commit)
    if base:
        cure = f"Begin where both come from: perfkit bisect {base[:SHORT]} {bad.label}."
    elif git.ask(top, "rev-parse", "--is-shallow-repository") == "true":
        cure = "This clone is shallow: fetch the whole history first (git fetch --unshallow; fetch-depth: 0 in CI)."
    else:
        cure = "They have no commit in common."
    raise ComparisonError(f"GOOD, {good.shown}, is no ancestor of BAD, {bad.shown}", hint=cure)


def _commits(top: Path, *which: str, paths: Sequence[str]) -> list[Commit]:
    told = git.tell(top, "log", "-z", f"--format={_FORMAT}", *which, "--")
    return [_commit(top, text, paths) for text in told.split("\0") if text]


def _commit(top: Path, text: str, paths: Sequence[str]) -> Commit:
    name, tree, parents, authored_at, subject = text.split(_SEPARATOR, 4)
    content = tree
    if paths:
        listed = git.tell(top, "ls-tree", "--full-tree", name, "--", *paths)
        content = hashlib.sha256(listed.encode(errors="surrogateescape")).hexdigest()
    # A subject is anybody's text: what would move the cursor is shown as a sign.
    return Commit(name, tree, content, tuple(parents.split()), authored_at, one_line(subject))


def _unwanted(top: Path, skip: Sequence[str]) -> set[str]:
    """What the command line names, one commit or a range each, and what `git bisect skip` has put on record."""
    found = set((git.ask(top, "for-each-ref", "--format=%(objectname)", "refs/bisect/skip-*") or "").split())
    for text in skip:
        which = ("--no-walk",) if ".." not in text else ()
        listed = git.ask(top, "rev-list", *which, "--end-of-options", text)
        if listed is None:
            raise ComparisonError(f"--skip {text}: there is no such revision", hint="Name a commit, or a range: v1.2..v1.3.")
        found |= set(listed.split())
    return found


def _caveats(good: Source, found: Sequence[Commit]) -> Iterator[str]:
    if found and good.commit not in found[0].parents[:1]:
        yield (
            f"{good.shown} does not lie on the line of first parents: what else came with {found[0].short} counts as its doing"
        )
