"""Who makes the load, as the command line says it."""

from typing import Any

import pytest
import typer

from perfkit.cli.workers import place, workforce
from perfkit.errors import LoadError
from perfkit.load.channel import Workforce
from perfkit.load.many import token
from perfkit.scenario.model import Scenario

SECRET = "sixteen-letters-or-more"


def a_scenario(**generator: Any) -> Scenario:
    load = [{"rate": "5/s", "for": "1s"}]
    return Scenario.model_validate(
        {"perfkit": 1, "target": "http://127.0.0.1:9", "get": ["/"], "load": load, "generator": generator}
    )


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("10.0.0.5", "10.0.0.5", 5557),
        ("perf.internal:7000", "perf.internal", 7000),
        ("[::1]:7000", "::1", 7000),
        ("[fe80::1%eth0]", "fe80::1%eth0", 5557),
    ],
)
def test_a_place_is_a_host_and_perhaps_a_port(text: str, host: str, port: int) -> None:
    assert place(text, "--bind") == (host, port)


@pytest.mark.parametrize("text", ["", "::1", "host:", "host:0", "host:99999", "tcp://host", "a b"])
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not HOST or HOST:PORT"):
        place(text, "--bind")


def test_the_command_line_has_the_last_word_about_processes() -> None:
    assert workforce(a_scenario(processes=3), None, 0, None, None) == Workforce(3)
    assert workforce(a_scenario(processes=3), 2, 0, None, None) == Workforce(2)


def test_workers_are_awaited_on_loopback_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(token.VARIABLE, SECRET)
    assert workforce(a_scenario(), None, 2, None, None) == Workforce(1, 2, "127.0.0.1", 5557, SECRET)
    monkeypatch.setenv(token.VARIABLE, SECRET)
    assert workforce(a_scenario(), 0, 2, "10.0.0.5:7000", None) == Workforce(0, 2, "10.0.0.5", 7000, SECRET)


def test_workers_without_a_token_and_a_load_that_nobody_makes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(token.VARIABLE, raising=False)

    with pytest.raises(LoadError, match="workers elsewhere need a token"):
        workforce(a_scenario(), None, 2, None, None)
    with pytest.raises(typer.BadParameter, match="nobody would make the load"):
        workforce(a_scenario(), 0, 0, None, None)
    with pytest.raises(typer.BadParameter, match="nobody joins"):
        workforce(a_scenario(), 1, 0, "10.0.0.5", None)
