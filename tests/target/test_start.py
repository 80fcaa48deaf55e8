"""What the target is started with, before any process exists."""

import os
import sys
from pathlib import Path

import pytest

from perfkit.errors import TargetError
from perfkit.scenario.model import Launch
from perfkit.target import start

OURS = str(Path(sys.executable).parent)


def test_programs_of_our_own_interpreter_come_first() -> None:
    assert start.with_our_programs({"PATH": "/usr/bin"})["PATH"] == f"{OURS}{os.pathsep}/usr/bin"


def test_an_environment_that_the_user_activated_comes_before_ours() -> None:
    activated = {"PATH": "/theirs/bin:/usr/bin", "VIRTUAL_ENV": "/theirs"}

    assert start.with_our_programs(activated)["PATH"] == f"/theirs/bin:/usr/bin{os.pathsep}{OURS}"


def test_our_own_environment_activated_changes_nothing() -> None:
    activated = {"PATH": "/usr/bin", "VIRTUAL_ENV": sys.prefix}

    assert start.with_our_programs(activated)["PATH"].startswith(OURS)


def test_variables_are_filled_in_from_the_environment() -> None:
    variables = {"URL": "postgres://${env.HOST}/shop", "PLAIN": "1"}

    assert start.resolved(variables, {"HOST": "db"}, "env") == {"URL": "postgres://db/shop", "PLAIN": "1"}


def test_a_variable_that_is_missing_is_a_target_error() -> None:
    with pytest.raises(TargetError, match=r"target\.launch\.env: \$\{env\.HOST\}"):
        start.resolved({"URL": "${env.HOST}"}, {}, "env")


def test_commands_are_filled_in_from_the_environment_too() -> None:
    launch = Launch.model_validate({"command": ["serve", "--port", "${env.PORT}"], "before": [["seed", "${env.PORT}"]]})

    filled = start.spoken(launch, {"PORT": "8000"})

    assert filled.command == ("serve", "--port", "8000")
    assert filled.before == (("seed", "8000"),)
