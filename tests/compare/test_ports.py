"""A port of its own for each version, wherever the scenario names one."""

import socket
from typing import Any

import pytest

from perfkit.compare import ports
from perfkit.errors import ComparisonError
from perfkit.scenario.model import Scenario


def scenario(base_url: str = "http://127.0.0.1:8321", compare: dict[str, Any] | None = None, **launch: Any) -> Scenario:
    described = {"command": ["serve", "--bind", "127.0.0.1:8321"], **launch}
    return Scenario.model_validate(
        {
            "perfkit": 1,
            "target": {"base_url": base_url, "launch": described},
            "get": ["/"],
            "load": [{"users": 1, "iterations": 1}],
            "compare": compare or {},
        }
    )


def test_a_port_is_replaced_wherever_it_stands_as_a_number_by_itself() -> None:
    one = scenario(
        command=[
            "serve",
            "--bind",
            "0.0.0.0:8321",
            "--port=8321",
            "8321",
            "--token",
            "x8321",
            "18321",
            "83210",
            "1.8321",
            "8321.5",
        ],
        env={"PORT": "8321", "URL": "http://127.0.0.1:8321/api", "SIZE": "83210"},
        before=[["seed", "--port", "8321"]],
    )

    moved = ports.moved(one, {8321: 20001}).target

    assert moved.base_url == "http://127.0.0.1:20001"
    assert moved.launch is not None
    expected = (
        "serve",
        "--bind",
        "0.0.0.0:20001",
        "--port=20001",
        "20001",
        "--token",
        "x20001",
        "18321",
        "83210",
        "1.8321",
        "8321.5",
    )
    assert moved.launch.command == expected
    assert moved.launch.env == {"PORT": "20001", "URL": "http://127.0.0.1:20001/api", "SIZE": "83210"}
    assert moved.launch.before == (("seed", "--port", "20001"),)


def test_a_port_that_is_given_is_not_taken_for_one_that_is_asked_for() -> None:
    one = scenario(command=["serve", "8321", "20001"], compare={"ports": [20001]})

    moved = ports.moved(one, dict(zip(ports.named(one), (20001, 20002), strict=True))).target.launch

    assert moved is not None
    assert moved.command == ("serve", "20001", "20002")


def test_the_path_of_the_base_url_and_an_ipv6_host_stay() -> None:
    assert ports.moved(scenario("http://[::1]:8321/api"), {8321: 20001}).target.base_url == "http://[::1]:20001/api"
    assert ports.moved(scenario("http://localhost/api"), {80: 20001}).target.base_url == "http://localhost:20001/api"


def test_a_port_that_stands_nowhere_in_the_launch_is_refused_with_the_cure() -> None:
    with pytest.raises(
        ComparisonError, match=r"the port 8321 stands neither in target\.launch\.command nor in its env"
    ) as raised:
        ports.require_named(scenario(command=["serve", "--config", "serve.toml"]))

    assert "PORT: 8321" in raised.value.hint


def test_further_ports_must_stand_somewhere_too() -> None:
    ports.require_named(scenario(env={"METRICS": "9100"}, compare={"ports": [9100]}))
    with pytest.raises(ComparisonError, match="the port 9101 stands"):
        ports.require_named(scenario(compare={"ports": [9101]}))


def test_free_ports_are_different_below_the_ephemeral_ones_and_of_one_length() -> None:
    found = ports.free(6)

    assert len(set(found)) == 6
    assert all(10_000 <= port <= 32_767 for port in found)


def test_a_port_in_use_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        (taken,) = ports.free(1)
        listener.bind(("127.0.0.1", taken))
        listener.listen()
        monkeypatch.setattr(ports, "LOWEST", taken)
        monkeypatch.setattr(ports, "HIGHEST", taken)
        monkeypatch.setattr(ports, "TRIES", 1)

        with pytest.raises(ComparisonError, match="there are no 1 free ports"):
            ports.free(1)


def test_a_unix_socket_asks_for_no_port() -> None:
    assert ports.named(scenario("http+unix://%2Frun%2Fapp.sock")) == ()


def test_versions_change_places_but_for_the_ports_of_what_was_started_before_them() -> None:
    one = scenario(compare={"ports": [5432]}, before=[["postgres", "--port=5432"]], env={"DB": "postgresql://127.0.0.1:5432"})

    exchanged = ports.exchanged(one, {8321: 11111, 5432: 11112}, {8321: 22221, 5432: 22222})

    assert exchanged == {8321: 22221, 5432: 11112}
