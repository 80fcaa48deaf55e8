"""Which code was measured, asked of real git repositories."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfkit.evidence import RunDirectory
from perfkit.run import origin
from perfkit.run.origin import Origin

AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
COMMIT = Origin("4f2c1e" + "0" * 34)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "app.py").write_text("1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_first_commit_has_no_parent(repository: Path) -> None:
    assert origin.of(repository) == Origin(git(repository, "rev-parse", "HEAD"), "", dirty=False)


def test_a_later_commit_names_its_parent(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "commit", "-q", "--allow-empty", "-m", "second")

    assert origin.of(repository) == Origin(git(repository, "rev-parse", "HEAD"), first, dirty=False)


def test_a_folder_deep_in_the_checkout_belongs_to_it(repository: Path) -> None:
    deep = repository / "services" / "shop"
    deep.mkdir(parents=True)

    assert origin.of(deep) == origin.of(repository)


def test_a_changed_file_makes_the_checkout_dirty(repository: Path) -> None:
    (repository / "app.py").write_text("2\n")

    assert origin.of(repository).dirty


def test_a_file_that_git_does_not_know_leaves_it_clean(repository: Path) -> None:
    (repository / "notes.txt").write_text("mine\n")

    assert not origin.of(repository).dirty


def test_a_repository_without_a_commit_has_no_origin(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    assert origin.of(tmp_path) == Origin()


def test_a_folder_outside_git_has_no_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Should the temporary folder itself lie in some checkout.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert origin.of(tmp_path) == Origin()


def test_a_machine_without_git_has_no_origin(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert origin.of(repository) == Origin()


def test_a_run_is_named_after_its_time_scenario_and_commit(tmp_path: Path) -> None:
    directory = origin.new_directory(tmp_path / "reports", "shop", COMMIT, AT)

    assert directory.path == tmp_path / "reports" / "20261123-101500-shop-4f2c1e"
    assert directory.path.is_dir()


def test_outside_git_the_name_ends_in_nogit(tmp_path: Path) -> None:
    assert origin.new_directory(tmp_path, "shop", Origin(), AT).path.name == "20261123-101500-shop-nogit"


def test_a_second_run_in_the_same_second_gets_a_suffix(tmp_path: Path) -> None:
    names = [origin.new_directory(tmp_path, "shop", COMMIT, AT).path.name for _ in range(3)]

    assert names == ["20261123-101500-shop-4f2c1e", "20261123-101500-shop-4f2c1e-2", "20261123-101500-shop-4f2c1e-3"]


def test_a_scenario_cannot_name_its_way_out_of_the_folder(tmp_path: Path) -> None:
    assert origin.new_directory(tmp_path, "../a b", COMMIT, AT).path == tmp_path / "20261123-101500----a-b-4f2c1e"


def test_latest_follows_the_newest_run(tmp_path: Path) -> None:
    older, newer = (RunDirectory(tmp_path / name) for name in ("older", "newer"))
    older.path.mkdir()
    newer.path.mkdir()

    origin.point_latest(tmp_path, older)
    origin.point_latest(tmp_path, newer)

    assert (tmp_path / "latest").resolve() == newer.path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "newer", "older"]
