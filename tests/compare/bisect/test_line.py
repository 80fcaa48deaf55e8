"""Which commits a search goes along, of real repositories."""

from pathlib import Path

import pytest

from perfkit.compare import sources
from perfkit.compare.bisect import line
from perfkit.compare.bisect.line import Line, lasting
from perfkit.errors import ComparisonError
from tests.compare.repositories import commit, git, repository


def read(top: Path, good: str = "good", bad: str = "main", paths: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> Line:
    return line.read(sources.read(good, top), sources.read(bad, top), paths, skip)


def subjects(found: Line) -> list[str]:
    return [one.subject for one in found.commits]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = repository(tmp_path / "shop", {"app.py": "0"})
    git(folder, "tag", "good")
    return folder


def test_commits_come_in_order_with_subject_and_date(top: Path) -> None:
    names = [commit(top, {"app.py": str(number)}, f"change {number}") for number in (1, 2, 3)]

    found = read(top)

    assert [one.hash for one in found.commits] == names
    assert subjects(found) == ["change 1", "change 2", "change 3"]
    assert found.commits[0].authored_at.startswith("20")
    assert found.at(3).hash == names[2]
    assert found.caveats == ()


def test_a_merge_is_one_commit_and_its_branch_none(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "branch")
    commit(top, {"other.py": "1"}, "on the branch")
    git(top, "checkout", "-q", "main")
    commit(top, {"app.py": "1"}, "on main")
    git(top, "merge", "-q", "--no-ff", "-m", "the merge", "branch")

    found = read(top)

    assert subjects(found) == ["on main", "the merge"]
    assert found.commits[1].is_merge


def test_what_was_undone_is_left_out(top: Path) -> None:
    for text, subject in (("1", "kept"), ("2", "tried"), ("1", "undone"), ("3", "kept too")):
        commit(top, {"app.py": text}, subject)
    git(top, "commit", "-q", "--allow-empty", "-m", "empty")

    found = read(top)

    assert subjects(found) == ["kept", "kept too"]
    assert found.between == 5


def test_a_detour_that_ends_where_it_began_leaves_nothing() -> None:
    assert lasting(["a", "b", "a"]) == ()
    assert lasting(["a", "b", "a", "b"]) == (3,)
    assert lasting(["a", "b", "c", "b", "d"]) == (1, 4)
    assert lasting(["a"]) == ()


def test_only_paths_that_matter_make_a_commit(top: Path) -> None:
    commit(top, {"docs/a.md": "1"}, "documents")
    commit(top, {"src/a.py": "1"}, "code")
    commit(top, {"docs/a.md": "2"}, "documents again")

    assert subjects(read(top, paths=("src",))) == ["code"]
    assert read(top, paths=("elsewhere",)).commits == ()


def test_skipped_are_those_of_the_command_line_and_of_git_bisect(top: Path) -> None:
    names = [commit(top, {"app.py": str(number)}, f"change {number}") for number in range(1, 7)]
    git(top, "update-ref", f"refs/bisect/skip-{names[0]}", names[0])

    found = read(top, skip=(names[1], f"{names[2]}..{names[4]}"))

    assert found.skipped == {1, 2, 4, 5}


def test_a_skip_that_is_no_revision_is_refused(top: Path) -> None:
    commit(top, {"app.py": "1"})

    with pytest.raises(ComparisonError, match="--skip nowhere: there is no such revision"):
        read(top, skip=("nowhere",))


def test_bad_cannot_be_skipped(top: Path) -> None:
    name = commit(top, {"app.py": "1"})

    with pytest.raises(ComparisonError, match="is to be skipped"):
        read(top, skip=(name,))


def test_the_wrong_way_round_is_said_with_the_line_that_is_right(top: Path) -> None:
    commit(top, {"app.py": "1"})

    with pytest.raises(ComparisonError, match="is younger than BAD") as raised:
        read(top, "main", "good")

    assert "perfkit bisect good main" in raised.value.hint


def test_two_branches_are_sent_to_where_both_come_from(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "branch")
    commit(top, {"other.py": "1"})
    git(top, "checkout", "-q", "main")
    commit(top, {"app.py": "1"})

    with pytest.raises(ComparisonError, match="is no ancestor of BAD") as raised:
        read(top, "branch", "main")

    assert f"perfkit bisect {git(top, 'rev-parse', 'good')[:7]} main" in raised.value.hint


def test_a_good_one_beside_the_line_is_a_doubt(top: Path) -> None:
    git(top, "checkout", "-q", "-b", "branch")
    commit(top, {"other.py": "1"}, "on the branch")
    git(top, "checkout", "-q", "main")
    commit(top, {"app.py": "1"}, "on main")
    git(top, "merge", "-q", "--no-ff", "-m", "the merge", "branch")

    found = read(top, "branch", "main")

    assert subjects(found)[-1] == "the merge"
    assert "does not lie on the line of first parents" in found.caveats[0]


def test_a_working_tree_with_changes_and_a_url_are_no_commits(top: Path) -> None:
    commit(top, {"app.py": "1"})
    (top / "app.py").write_text("2")

    with pytest.raises(ComparisonError, match="is no commit"):
        read(top, "good", ".")
    with pytest.raises(ComparisonError, match="is no revision"):
        read(top, "good", "http://127.0.0.1:9")


def test_a_subject_cannot_move_the_cursor(top: Path) -> None:
    commit(top, {"app.py": "1"}, "red \x1b[31m herring")

    assert subjects(read(top)) == ["red ⟨U+001B⟩[31m herring"]
