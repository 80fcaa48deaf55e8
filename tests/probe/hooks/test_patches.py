"""Replaced attributes come back, also when a hook fails half-way."""

from typing import Any

import pytest

from perfkit.probe.hooks.patches import Patches


class Driver:
    def execute(self) -> str:
        return "plain"


class Special(Driver):
    pass


def hooked(_driver: Driver) -> str:
    return "hooked"


def special(_driver: Driver) -> str:
    return "special"


def same(plain: Any) -> Any:
    return plain


def test_undo_restores_own_and_removes_inherited_ones() -> None:
    with Patches() as undo:
        undo.put(Driver, "execute", hooked)
        undo.put(Special, "execute", special)
    assert (Driver().execute(), Special().execute()) == ("hooked", "special")

    undo()

    assert (Driver().execute(), Special().execute()) == ("plain", "plain")
    assert "execute" not in vars(Special)


def test_a_version_without_the_method_is_hooked_not_at_all() -> None:
    def install() -> None:
        with Patches() as undo:
            undo.put(Driver, "execute", hooked)
            undo.wrap(Driver, "fetchall", same)

    with pytest.raises(AttributeError, match="Driver has no fetchall"):
        install()

    assert Driver().execute() == "plain"


def test_what_only_some_versions_have_may_be_absent() -> None:
    with Patches() as undo:
        undo.wrap_if_there(Driver, "stream", same)

    assert not hasattr(Driver, "stream")
