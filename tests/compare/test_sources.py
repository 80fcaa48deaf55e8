"""What a person may name as a version, and what is refused with a cure."""

from pathlib import Path

import pytest

from perfkit.compare import sources
from perfkit.errors import ComparisonError
from tests.compare.repositories import commit, git, repository


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repository(tmp_path / "shop", {"shop/app.py": "one\n", ".gitignore": "*.db\n"})


def test_a_branch_is_a_revision_with_its_commit(top: Path) -> None:
    source = sources.read("main", top / "shop")

    assert (source.kind, source.commit, source.repository) == ("revision", git(top, "rev-parse", "HEAD"), top)
    assert source.shown == f"main ({source.commit[:7]})"
    assert source.slug == source.commit[:7]
    assert not source.dirty


def test_a_commit_is_shown_once(top: Path) -> None:
    short = git(top, "rev-parse", "HEAD")[:9]

    assert sources.read(short, top).shown == short


def test_a_tag_with_a_message_means_the_commit_behind_it(top: Path) -> None:
    git(top, "tag", "-a", "-m", "first", "v1")

    assert sources.read("v1", top).commit == git(top, "rev-parse", "HEAD")


@pytest.mark.parametrize("text", [".", "worktree"])
def test_a_working_tree_without_changes_may_be_the_baseline(top: Path, text: str) -> None:
    (top / "shop.db").write_text("ignored")
    source = sources.read(text, top)

    assert (source.kind, source.dirty, source.slug) == ("worktree", False, "worktree")
    assert source.shown == f"the working tree ({source.commit[:7]}, unchanged)"
    sources.require_baseline(source)


def test_a_working_tree_with_changes_names_them_and_is_no_baseline(top: Path) -> None:
    (top / "shop/app.py").write_text("two\n")
    (top / "new file.py").write_text("")
    source = sources.read(".", top)

    assert source.dirty
    assert source.changed == ("new file.py", "shop/app.py")
    assert "and 2 changed files" in source.shown
    with pytest.raises(ComparisonError, match=r"uncommitted changes \(new file\.py, shop/app\.py\): it cannot be the baseline"):
        sources.require_baseline(source)
    assert sources.require_baseline(source, allow=True) == (
        "the baseline has uncommitted changes (new file.py, shop/app.py), and will not be there again",
    )


def test_a_file_that_is_gone_is_a_change(top: Path) -> None:
    (top / "shop/app.py").unlink()

    assert sources.read(".", top).changed == ("shop/app.py",)


def test_an_unknown_revision_is_told_with_what_may_have_been_meant(top: Path) -> None:
    with pytest.raises(ComparisonError, match=r"there is no revision 'mian' .*did you mean 'main'") as raised:
        sources.read("mian", top)

    assert "git log" in raised.value.hint


def test_an_option_of_git_is_no_revision(top: Path) -> None:
    with pytest.raises(ComparisonError, match="there is no revision '--all'"):
        sources.read("--all", top)


def test_a_revision_that_a_shallow_clone_has_not_got_says_how_to_get_it(top: Path, tmp_path: Path) -> None:
    commit(top, {"shop/app.py": "two\n"})
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{top}", "shallow")

    with pytest.raises(ComparisonError) as raised:
        sources.read("HEAD~1", tmp_path / "shallow")

    assert "--unshallow" in raised.value.hint


def test_outside_git_only_what_needs_no_git_can_be_compared(tmp_path: Path) -> None:
    with pytest.raises(ComparisonError, match="is in no git repository"):
        sources.read("main", tmp_path)

    assert sources.read("cmd:python app.py --port 8000", tmp_path).command == ("python", "app.py", "--port", "8000")


def test_a_command_is_taken_apart_as_a_shell_would(top: Path) -> None:
    source = sources.read('cmd:gunicorn "shop:app()" -b :8000', top)

    assert source.command == ("gunicorn", "shop:app()", "-b", ":8000")
    assert source.repository == top
    assert source.shown == '`gunicorn "shop:app()" -b :8000`'
    assert source.slug == "cmd-gunicorn--shop-app"


@pytest.mark.parametrize("text", ["cmd:", 'cmd:run "'])
def test_what_is_no_command_is_refused(top: Path, text: str) -> None:
    with pytest.raises(ComparisonError):
        sources.read(text, top)


def test_a_url_is_a_service_that_runs(top: Path) -> None:
    source = sources.read("http://127.0.0.1:8001/", top)

    assert (source.kind, source.url, source.is_launched) == ("url", "http://127.0.0.1:8001", False)
    with pytest.raises(ComparisonError, match="carries no password"):
        sources.read("http://me:hunter2@127.0.0.1", top)


def test_a_folder_that_is_no_run_is_taken_for_a_revision(top: Path) -> None:
    with pytest.raises(ComparisonError, match="there is no revision"):
        sources.read(str(top / "shop"), top)
