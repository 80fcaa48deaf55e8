"""When two versions share an environment, and what is in it."""

from pathlib import Path

import pytest

from perfkit.compare import environments
from perfkit.compare.checkouts import Checkout
from perfkit.compare.environments import Environment, Site
from perfkit.scenario.model import Launch
from tests.compare.repositories import commit, git, repository

INSTALL = (("pip", "install", "-r", "requirements.txt"),)
PYTHON = "/bin/true"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repository(tmp_path / "shop", {"app.py": "one\n", "requirements.txt": "flask\n", "api/poetry.lock": "a\n"})


def key(top: Path, commands: tuple[tuple[str, ...], ...] = INSTALL) -> str:
    site = Site(Checkout(top, top), Launch(command=("x",)), commands, top / "private", top / "log")
    return environments.key(site, PYTHON)


def test_code_alone_makes_no_other_environment(top: Path) -> None:
    before = key(top)
    commit(top, {"app.py": "two\n"})

    assert key(top) == before


@pytest.mark.parametrize("name", ["requirements.txt", "api/poetry.lock", "pyproject.toml", "requirements/dev.txt", "uv.lock"])
def test_a_lock_file_makes_another_wherever_it_lies(top: Path, name: str) -> None:
    before = key(top)
    commit(top, {name: "other\n"})

    assert key(top) != before


def test_other_commands_make_another(top: Path) -> None:
    assert key(top) != key(top, (("pip", "install", "flask"),))


def test_a_command_that_installs_the_tree_makes_one_of_each_tree(top: Path) -> None:
    install = (("pip", "install", "."),)
    before = key(top, install)
    (top / "app.py").write_text("not committed\n")
    dirty = key(top, install)
    git(top, "checkout", "-q", "app.py")

    assert key(top, install) == before
    assert dirty != before


@pytest.mark.parametrize(
    ("words", "tree", "in_place"),
    [
        (("pip", "install", "-r", "requirements.txt"), False, False),
        (("pip", "install", ".[web]"), True, False),
        (("pip", "install", "./api"), True, False),
        (("pip", "install", "-e", "."), True, True),
        (("pip", "install", "--editable=."), False, True),
    ],
)
def test_what_a_command_installs_is_seen_from_its_words(words: tuple[str, ...], *, tree: bool, in_place: bool) -> None:
    assert environments.installs_tree((words,)) == tree
    assert environments.installs_in_place((words,)) == in_place


def test_an_environment_is_activated_without_the_callers_own_paths(tmp_path: Path) -> None:
    inherited = {"PATH": "/usr/bin", "PYTHONPATH": "/mine", "HOME": "/home/me", "VIRTUAL_ENV": "/mine/venv"}

    assert Environment().variables(inherited) == inherited
    assert Environment(tmp_path).variables(inherited) == {
        "PATH": f"{tmp_path}/bin:/usr/bin",
        "HOME": "/home/me",
        "VIRTUAL_ENV": str(tmp_path),
    }
