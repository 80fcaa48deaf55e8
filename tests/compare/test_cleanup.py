"""What a killed comparison left is found and cleared; what a living one has is not."""

import json
from pathlib import Path

import pytest

from perfkit.compare import checkouts, cleanup, sources
from perfkit.compare.cleanup import Registry
from tests.compare.repositories import git, repository


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repository(tmp_path / "shop", {"app.py": "one\n"})


def begun(top: Path, records: Path) -> tuple[Registry, Path]:
    """A comparison that has made a checkout and a folder."""
    registry = Registry.open("20261123-101500-compare-shop", records)
    folder = top.parent / "work/base"
    registry.add_folder(folder.parent)
    registry.add_worktree(top, folder)
    checkouts.create(sources.read("main", top), folder, top.parent / "reports")
    return registry, folder


def orphaned(records: Path, **changes: object) -> None:
    (path,) = records.glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_comparison_that_ends_clears_its_own(top: Path, tmp_path: Path) -> None:
    registry, folder = begun(top, tmp_path / "records")

    registry.clear()

    assert not folder.parent.exists()
    assert git(top, "worktree", "list").count("\n") == 0
    assert list((tmp_path / "records").iterdir()) == []


def test_a_comparison_that_still_runs_is_left_alone(top: Path, tmp_path: Path) -> None:
    _, folder = begun(top, tmp_path / "records")

    assert cleanup.recover(tmp_path / "records") == ()
    assert folder.exists()


def test_what_a_killed_one_left_is_cleared_and_told(top: Path, tmp_path: Path) -> None:
    _, folder = begun(top, tmp_path / "records")
    # The pid is somebody's, but not of the perfkit that began then.
    orphaned(tmp_path / "records", owner_began=1)

    (told,) = cleanup.recover(tmp_path / "records")

    assert told.startswith("cleared what the comparison 20261123-101500-compare-shop")
    assert told.endswith("left when it was killed: 1 worktree")
    assert not folder.parent.exists()
    assert git(top, "worktree", "list").count("\n") == 0
    assert cleanup.recover(tmp_path / "records") == ()


def test_before_a_reboot_nobody_is_alive(top: Path, tmp_path: Path) -> None:
    _, folder = begun(top, tmp_path / "records")
    orphaned(tmp_path / "records", boot="another")

    assert len(cleanup.recover(tmp_path / "records")) == 1
    assert not folder.exists()


def test_a_repository_that_is_gone_is_no_hindrance(top: Path, tmp_path: Path) -> None:
    _, folder = begun(top, tmp_path / "records")
    orphaned(tmp_path / "records", owner_began=1)
    top.rename(tmp_path / "moved")

    assert len(cleanup.recover(tmp_path / "records")) == 1
    assert not folder.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2}', '{"format": 1, "worktrees": 3}'])
def test_a_record_that_is_not_understood_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)

    assert cleanup.recover(tmp_path) == ()
    assert (tmp_path / "x.json").exists()


def test_no_record_at_all_is_nothing_to_clear(tmp_path: Path) -> None:
    assert cleanup.recover(tmp_path / "never made") == ()


def test_the_cache_follows_the_setting_of_the_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")

    assert cleanup.cache() == Path("/somewhere/perfkit")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cleanup.cache() == Path.home() / ".cache/perfkit"
