"""Shared places: a folder, and a branch that is written without anybody's working tree being touched."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from perfkit.compare.history import sharing
from perfkit.compare.history.branch import Branch
from perfkit.compare.history.sharing import Folder
from perfkit.errors import ComparisonError, EvidenceError
from tests.compare.history.histories import an_entry, commit_name
from tests.compare.repositories import commit, git, repository


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo", {"a.txt": "one\n"})


def commits(found: sharing.Found) -> list[str]:
    return [entry.commit for entry in found.entries]


def test_a_folder_keeps_what_is_put_there(tmp_path: Path) -> None:
    place = Folder(tmp_path / "shared")

    assert sharing.put(place, an_entry(1))
    assert sharing.put(place, an_entry(2))
    assert not sharing.put(place, an_entry(1))
    assert commits(sharing.read(place)) == [commit_name(1), commit_name(2)]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="is not a folder"):
        sharing.read(Folder(tmp_path / "nowhere"))


def test_a_branch_keeps_what_is_put_there(top: Path) -> None:
    place = Branch(top, "perf-data")

    assert sharing.put(place, an_entry(1))
    assert sharing.put(place, an_entry(2))
    assert not sharing.put(place, an_entry(1))
    assert commits(sharing.read(place)) == [commit_name(1), commit_name(2)]
    assert git(top, "rev-list", "--count", "perf-data") == "2"


def test_working_tree_index_and_head_stay_as_they_are(top: Path) -> None:
    (top / "a.txt").write_text("changed\n")
    (top / "new.txt").write_text("untracked\n")
    git(top, "add", "new.txt")
    before = (git(top, "status", "--porcelain"), git(top, "rev-parse", "HEAD"), (top / ".git" / "index").read_bytes())

    sharing.put(Branch(top, "perf-data"), an_entry(1))

    after = (git(top, "status", "--porcelain"), git(top, "rev-parse", "HEAD"), (top / ".git" / "index").read_bytes())
    assert after == before


def test_what_else_the_branch_holds_stays(top: Path) -> None:
    git(top, "branch", "perf-data")

    sharing.put(Branch(top, "perf-data"), an_entry(1))

    assert git(top, "ls-tree", "--name-only", "perf-data").splitlines() == ["a.txt", "entries"]


def test_adds_at_the_same_time_are_all_kept(top: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        place, entries = Branch(top, "perf-data"), [an_entry(number) for number in range(1, 13)]
        added = list(pool.map(partial(sharing.put, place), entries))

    assert all(added)
    assert commits(sharing.read(Branch(top, "perf-data"))) == [commit_name(number) for number in range(1, 13)]
    assert git(top, "rev-list", "--count", "perf-data") == "12"


def test_a_branch_that_is_checked_out_is_not_moved_away_under_its_tree(top: Path) -> None:
    sharing.put(Branch(top, "perf-data"), an_entry(1))
    git(top, "worktree", "add", "-q", str(top.parent / "beside"), "perf-data")

    with pytest.raises(ComparisonError, match="branch 'perf-data' is checked out, and perfkit touches no working tree"):
        sharing.put(Branch(top, "perf-data"), an_entry(2))

    assert commits(sharing.read(Branch(top, "perf-data"))) == [commit_name(1)]


def test_a_commit_names_no_host_where_nobody_has_named_themselves(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")

    sharing.put(Branch(top, "perf-data"), an_entry(1))

    assert (
        git(top, "log", "-1", "--format=%an <%ae> %cn <%ce>", "perf-data")
        == "perfkit <perfkit@invalid> perfkit <perfkit@invalid>"
    )


def test_what_two_clones_added_is_joined(top: Path) -> None:
    git(top, "init", "-q", "--bare", str(top.parent / "origin"))
    git(top, "remote", "add", "origin", str(top.parent / "origin"))
    git(top, "push", "-q", "origin", "main")
    git(top, "clone", "-q", "-b", "main", str(top.parent / "origin"), str(top.parent / "other"))
    other = top.parent / "other"
    sharing.put(Branch(top, "perf-data"), an_entry(1))
    git(top, "push", "-q", "origin", "perf-data")
    sharing.put(Branch(other, "perf-data"), an_entry(2))
    git(other, "fetch", "-q")

    # Without a further entry it is a merge; nothing is lost on either side.
    assert not sharing.put(Branch(other, "perf-data"), an_entry(2))

    assert commits(sharing.read(Branch(other, "perf-data"))) == [commit_name(1), commit_name(2)]
    git(other, "push", "-q", "origin", "perf-data")
    git(top, "fetch", "-q")
    assert commits(sharing.read(Branch(top, "perf-data"))) == [commit_name(1), commit_name(2)]
    assert sharing.put(Branch(top, "perf-data"), an_entry(3))
    git(top, "push", "-q", "origin", "perf-data")


def test_a_branch_that_was_only_fetched_is_read(top: Path) -> None:
    sharing.put(Branch(top, "perf-data"), an_entry(1))
    git(top, "clone", "-q", "-b", "main", str(top), str(top.parent / "clone"))

    assert commits(sharing.read(Branch(top.parent / "clone", "perf-data"))) == [commit_name(1)]


def test_a_branch_that_nobody_has_is_named(top: Path) -> None:
    with pytest.raises(ComparisonError, match="there is no branch 'perf-data', here or in what was fetched"):
        sharing.read(Branch(top, "perf-data"))


def test_a_file_that_is_no_entry_takes_nothing_from_the_others(top: Path) -> None:
    git(top, "switch", "-q", "--orphan", "perf-data")
    commit(top, {"entries/odd.json": "{}", "entries/notes.txt": "hello"})
    git(top, "switch", "-q", "main")
    sharing.put(Branch(top, "perf-data"), an_entry(1))

    found = sharing.read(Branch(top, "perf-data"))

    assert commits(found) == [commit_name(1)]
    assert found.unread == ("odd.json is no entry: Object missing required field `format`",)


@pytest.mark.parametrize("text", ["perf-data", "branch:", "folder:", "s3://bucket"])
def test_what_names_no_place_is_refused_with_how_to_name_one(top: Path, text: str) -> None:
    with pytest.raises(ComparisonError, match="names no shared place") as told:
        sharing.named(text, top)

    assert told.value.hint == "Name a place as branch:perf-data or folder:PATH."


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "@{-1}"])
def test_what_is_no_name_for_a_branch_is_refused(top: Path, name: str) -> None:
    with pytest.raises(ComparisonError, match="is no name for a branch"):
        sharing.named(f"branch:{name}", top)


def test_outside_git_there_is_no_branch(tmp_path: Path) -> None:
    with pytest.raises(ComparisonError, match="is in no git repository"):
        sharing.named("branch:perf-data", tmp_path)
