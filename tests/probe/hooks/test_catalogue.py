"""The list of hooks is whole: each entry has its file, each file its entry, and no driver is imported too early."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.probe.hooks.catalogue import HOOKS

ROOM = Path(__file__).parents[3] / "perfkit" / "probe" / "hooks"


@pytest.mark.parametrize(("module", "file"), HOOKS)
def test_an_entry_names_the_hooks_own_module(module: str, file: str) -> None:
    hook = importlib.import_module("perfkit.probe.hooks." + file)

    assert module == hook.MODULE
    assert hook.DRIVER
    assert callable(hook.install)


def test_every_hook_is_in_the_catalogue() -> None:
    files = {path.stem for path in ROOM.glob("*_.py") if path.stem != "__init__"}

    assert files == {file for _, file in HOOKS}


def test_hooks_import_no_driver_by_themselves() -> None:
    drivers = {module.split(".")[0] for module, _ in HOOKS}
    files = [file for _, file in HOOKS]
    program = f"""
import importlib, sys
for file in {files!r}: importlib.import_module("perfkit.probe.hooks." + file)
print(sorted({drivers!r} & set(sys.modules)))
"""

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOM.parents[2])

    assert shown.stdout.strip() == "[]"
