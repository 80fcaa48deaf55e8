"""Hooks that wait for a module: run once, after it is whole, and their failure stays ours."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from perfkit.probe.importing import Finder
from perfkit.probe.recorder import Recorder


@pytest.fixture
def recorder(tmp_path: Path) -> Any:
    return Recorder(str(tmp_path))


@pytest.fixture
def finder(recorder: Any) -> Iterator[Any]:
    finder = Finder(recorder)
    sys.meta_path.insert(0, finder)
    yield finder
    sys.meta_path.remove(finder)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = "a_module_that_somebody_waits_for"
    (tmp_path / f"{name}.py").write_text("__version__ = '1.2'\nready = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    sys.modules.pop(name, None)


def noting(seen: list[Any], what: Callable[[], Any]) -> Callable[[], Callable[[], None]]:
    def install() -> Callable[[], None]:
        seen.append(what())
        return lambda: None

    return install


def test_a_hook_runs_when_its_module_is_whole(recorder: Any, finder: Any, module: str) -> None:
    seen: list[bool] = []
    finder.when(module, "its hook", noting(seen, lambda: sys.modules[module].ready))
    assert seen == []

    imported = importlib.import_module(module)

    assert seen == [True]
    assert "exec_module" not in vars(imported.__spec__.loader)  # type: ignore[union-attr]
    assert recorder.journal._hooks["its hook"]["state"] == "installed"
    assert recorder.journal._hooks["its hook"]["version"] == "1.2"


def test_looking_for_a_module_is_not_importing_it(finder: Any, module: str) -> None:
    seen: list[str] = []
    finder.when(module, "its hook", noting(seen, lambda: "installed"))

    importlib.util.find_spec(module)
    assert seen == []
    importlib.import_module(module)

    assert seen == ["installed"]


def test_a_module_that_is_there_already_is_hooked_at_once(finder: Any, module: str) -> None:
    importlib.import_module(module)
    seen: list[str] = []

    finder.when(module, "its hook", noting(seen, lambda: "installed"))

    assert seen == ["installed"]


def test_a_hook_that_fails_is_reported_and_the_import_goes_on(recorder: Any, finder: Any, module: str) -> None:
    def install() -> None:
        raise AttributeError("no such symbol")

    finder.when(module, "its hook", install)

    assert importlib.import_module(module).ready
    assert recorder.journal._hooks["its hook"]["state"] == "failed"
    assert recorder.journal._hooks["its hook"]["why"] == "AttributeError: no such symbol"
