"""In which order measured commits stand: the repository's where there is one that knows them, else that of the clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from perfkit.compare import git
from perfkit.compare.history.entry import Entry
from perfkit.errors import ComparisonError
from perfkit.evidence import Missing


@dataclass(frozen=True, slots=True)
class Order:
    """`places` counts every commit up to the branch's own, oldest first, parents before children; Missing: by time."""

    places: Mapping[str, int] | Missing

    @property
    def said(self) -> str:
        return f"by time: {self.places.why}" if isinstance(self.places, Missing) else "in the repository's order"

    def knows(self, commit: str) -> bool:
        return isinstance(self.places, Missing) or commit in self.places

    def sorted(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        places = self.places
        if isinstance(places, Missing):
            return tuple(sorted(entries, key=lambda entry: entry.started_at))
        return tuple(sorted(entries, key=lambda entry: (places.get(entry.commit, -1), entry.started_at)))

    def between(self, after: str, until: str) -> int | None:
        """How many commits one of which it was; None where the order is that of the clock."""
        if isinstance(self.places, Missing):
            return None
        return self.places[until] - self.places[after]


def of(entries: Iterable[Entry], repository: Path | None, branch: str | None) -> Order:
    """`branch` is a revision of the repository; HEAD when none is named."""
    if repository is None:
        if branch is not None:
            raise ComparisonError(f"there is no repository here in which {branch!r} could be", hint="Name it with --repository.")
        return Order(Missing("there is no repository here"))
    revision = branch or "HEAD"
    listed = git.ask(repository, "rev-list", "--topo-order", "--reverse", "--end-of-options", revision)
    if listed is None:
        if branch is not None:
            raise ComparisonError(f"there is no revision {branch!r} in {repository}", hint="`git branch -a` lists what there is.")
        return Order(Missing("the repository has no commit yet"))
    places = {commit: place for place, commit in enumerate(listed.split())}
    if not any(entry.commit in places for entry in entries):
        return Order(Missing(f"the repository here knows none of the commits, up to {revision}"))
    return Order(places)
