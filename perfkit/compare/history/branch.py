"""A git branch that holds files by name, written with plumbing: the working tree, its index and HEAD are never touched.

A put makes a blob, a tree and a commit, and moves the branch only from the commit that it began with: who comes second begins
again. What others have pushed meanwhile is joined by a merge of both commits. That needs no judgement: a name has one content.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from perfkit.compare import git
from perfkit.errors import ComparisonError

# In the branch's own tree, so that a readme or a page can stand beside them.
FOLDER: Final = "entries"
# Every attempt lost is another's that was won, so this many at once would have to come first.
ATTEMPTS: Final = 50
# Without a name and an address of one's own git makes them of the login and the name of the host, which are not to be shared.
NOBODY: Final = ("-c", "user.name=perfkit", "-c", "user.email=perfkit@invalid")


@dataclass(frozen=True, slots=True)
class Branch:
    """`name` as in `git push origin name`; of several repositories each has its own branch until they are pushed and fetched."""

    top: Path
    name: str

    @classmethod
    def named(cls, top: Path, name: str) -> Self:
        if git.ask(top, "check-ref-format", "--branch", name) is None:
            raise ComparisonError(f"{name!r} is no name for a branch", hint="branch:perf-data, for one.")
        return cls(top, name)

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.name}"

    def files(self) -> Mapping[str, bytes]:
        tips = self._tips()
        if not tips:
            raise ComparisonError(
                f"there is no branch {self.name!r}, here or in what was fetched",
                hint=f"Fetch it (git fetch origin {self.name}:{self.name}), or begin it with `perfkit history add`.",
            )
        found: dict[str, bytes] = {}
        for tip in tips:
            blobs = self._blobs(tip)
            found |= dict(zip(blobs, git.contents(self.top, tuple(blobs.values())), strict=True))
        return found

    def put(self, name: str, content: bytes) -> bool:
        self._require_free()
        blob = git.tell(self.top, "hash-object", "-w", "--stdin", stdin=content)
        for _ in range(ATTEMPTS):
            before = git.ask(self.top, "rev-parse", "--verify", "--quiet", self.ref) or ""
            tips = self._tips()
            blobs = {name: blob for tip in tips for name, blob in self._blobs(tip).items()}
            is_new = name not in blobs
            if not is_new and tips == (before,):
                return False
            after = tips[0] if not is_new and len(tips) == 1 else self._commit(tips, blobs | {name: blob}, name)
            # Nothing for a commit means that there must be no such branch yet.
            if git.ask(self.top, "update-ref", "-m", f"perfkit: {name}", self.ref, after, before) is not None:
                return is_new
        raise ComparisonError(f"branch {self.name!r} was changed by others {ATTEMPTS} times in a row", hint="Try again.")

    def _tips(self) -> tuple[str, ...]:
        """The branch's commit here and those that were fetched, without what another one of them holds anyway."""
        listed = git.ask(self.top, "for-each-ref", "--format=%(refname) %(objectname)", self.ref, "refs/remotes") or ""
        found: list[str] = []
        for line in listed.splitlines():
            ref, _, tip = line.partition(" ")
            # refs/remotes/<remote>/<name>: a remote's name may have no slash, a branch's may.
            if (ref == self.ref or ref.split("/", 3)[3:] == [self.name]) and tip not in found:
                found.append(tip)
        if len(found) < 2:  # noqa: PLR2004  nothing to compare
            return tuple(found)
        heads = (git.ask(self.top, "merge-base", "--independent", *found) or "").split()
        return tuple(tip for tip in found if tip in heads)

    def _blobs(self, tip: str) -> dict[str, str]:
        lines = git.names(self.top, "ls-tree", "-z", f"{tip}:{FOLDER}") if self._has_folder(tip) else ()
        described = (line.partition("\t") for line in lines)
        return {name: about.split()[2] for about, _, name in described if about.split()[1] == "blob" and name.endswith(".json")}

    def _has_folder(self, tip: str) -> bool:
        return git.ask(self.top, "rev-parse", "--verify", "--quiet", f"{tip}:{FOLDER}") is not None

    def _commit(self, tips: tuple[str, ...], blobs: Mapping[str, str], name: str) -> str:
        """A commit upon all tips, with what the first has beside the entries."""
        entries = _tree(self.top, [f"100644 blob {blob}\t{name}" for name, blob in sorted(blobs.items())])
        beside = git.names(self.top, "ls-tree", "-z", tips[0]) if tips else ()
        kept = [line for line in beside if line.partition("\t")[2] != FOLDER]
        tree = _tree(self.top, [*kept, f"040000 tree {entries}\t{FOLDER}"])
        parents = [word for tip in tips for word in ("-p", tip)]
        who = () if self._has_identity() else NOBODY
        return git.tell(self.top, *who, "commit-tree", tree, *parents, "-m", f"perfkit: {name.removesuffix('.json')}")

    def _has_identity(self) -> bool:
        return git.ask(self.top, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT") is not None

    def _require_free(self) -> None:
        """A branch that is checked out would be moved away under its working tree."""
        for block in (git.ask(self.top, "worktree", "list", "--porcelain") or "").split("\n\n"):
            if f"branch {self.ref}" in block.splitlines():
                raise ComparisonError(
                    f"branch {self.name!r} is checked out, and perfkit touches no working tree",
                    hint="Check out another branch there (git switch -), and add it again.",
                )


def _tree(top: Path, lines: list[str]) -> str:
    return git.tell(top, "mktree", "-z", stdin="".join(f"{line}\0" for line in lines).encode(errors="surrogateescape"))
