"""The order of commits: a repository's where there is one, the clock's otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.compare.history import order
from perfkit.compare.history.gather import Gathered
from perfkit.compare.history.history import Asked, judge
from perfkit.errors import ComparisonError
from perfkit.evidence import Missing
from tests.compare.history.histories import a_ratio, an_entry, noisy
from tests.compare.repositories import commit, git, repository


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo", {"a.txt": "0"})


def test_commits_stand_as_the_repository_has_them_whenever_they_were_measured(top: Path) -> None:
    names = [git(top, "rev-parse", "HEAD"), *(commit(top, {"a.txt": str(number)}) for number in range(1, 4))]
    entries = [an_entry(9 - at, commit=name) for at, name in enumerate(names)]

    found = order.of(entries, top, None)

    assert [entry.commit for entry in found.sorted(entries)] == names
    assert found.between(names[0], names[3]) == 3
    assert found.said == "in the repository's order"


def test_a_repository_that_knows_none_of_them_leaves_it_to_the_clock(top: Path) -> None:
    entries = [an_entry(2), an_entry(1)]

    found = order.of(entries, top, None)

    assert isinstance(found.places, Missing)
    assert [entry.started_at for entry in found.sorted(entries)] == sorted(entry.started_at for entry in entries)
    assert found.between(entries[0].commit, entries[1].commit) is None
    assert found.said == "by time: the repository here knows none of the commits, up to HEAD"


def test_commits_of_other_branches_are_left_out(top: Path) -> None:
    base = git(top, "rev-parse", "HEAD")
    ours = [commit(top, {"a.txt": str(number)}) for number in range(1, 4)]
    git(top, "switch", "-q", "-c", "feature", base)
    theirs = commit(top, {"b.txt": "1"})
    git(top, "switch", "-q", "main")
    entries = [an_entry(at + 1, commit=name, base=base) for at, name in enumerate([*ours, theirs])]
    question = Asked(None, None, top, 0.03, "server_time")

    history = judge(Gathered(tuple(entries), (), ()), question, top)

    assert [entry.commit for entry in history.entries] == ours
    assert history.left_out == ("1 comparison left out: of commits that this branch does not have (--branch names another)",)
    on_feature = judge(Gathered(tuple(entries), (), ()), replace(question, branch="feature", anchors=(base,)), top)
    assert [entry.commit for entry in on_feature.entries] == [theirs]


def test_a_change_says_how_many_commits_it_may_be(top: Path) -> None:
    names = [git(top, "rev-parse", "HEAD"), *(commit(top, {"a.txt": str(number)}) for number in range(1, 49))]
    ratios = noisy([0.0] * 12 + [0.1] * 12, 0.005)
    entries = [an_entry(at + 1, ratio, commit=names[2 * at + 2], base=names[0]) for at, ratio in enumerate(ratios)]

    history = judge(Gathered(tuple(entries), (), ()), Asked(None, None, top, 0.03, "server_time"), top)

    (change,) = history.changes
    assert (change.after.commit, change.near.commit, change.until.commit) == (names[24], names[26], names[26])
    assert change.among == 2


def test_a_branch_that_is_not_there_is_named(top: Path) -> None:
    with pytest.raises(ComparisonError, match="there is no revision 'release'"):
        order.of([an_entry()], top, "release")


def test_a_branch_without_a_repository_is_refused() -> None:
    with pytest.raises(ComparisonError, match="there is no repository here in which 'main' could be"):
        order.of([an_entry(1, a_ratio())], None, "main")


def test_an_anchor_that_is_not_there_is_named(top: Path) -> None:
    with pytest.raises(ComparisonError, match="there is no revision 'v9'"):
        judge(Gathered((an_entry(),), (), ()), Asked(None, None, top, 0.03, "server_time", anchors=("v9",)), top)


def test_a_repository_without_commits_leaves_it_to_the_clock(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    assert order.of([an_entry()], tmp_path, None).places == Missing("the repository has no commit yet")
