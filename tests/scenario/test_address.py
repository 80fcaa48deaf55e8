"""Base URLs taken apart: hosts, ports, and sockets in place of both."""

from pathlib import Path

import pytest

from perfkit.scenario.address import Address, address, checked
from perfkit.scenario.guard import caps, host_of, refusal
from perfkit.scenario.model import Guard

SOCKET = "http+unix://%2Frun%2Fapp.sock"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", Address("http", "127.0.0.1", 8000, "127.0.0.1:8000", "", None)),
        ("https://Shop.internal/api/", Address("https", "shop.internal", 443, "Shop.internal", "/api", None)),
        ("http://[::1]:81/api", Address("http", "::1", 81, "[::1]:81", "/api", None)),
        (f"{SOCKET}/api", Address("http", "localhost", 80, "localhost", "/api", "/run/app.sock")),
    ],
)
def test_a_base_url_says_where_it_leads(url: str, expected: Address) -> None:
    assert address(url) == expected


def test_a_socket_is_shown_as_its_path() -> None:
    assert address(SOCKET).shown == "/run/app.sock"
    assert address("http://[::1]:81").shown == "::1:81"


def test_a_socket_is_on_this_machine_and_needs_no_permission() -> None:
    assert refusal(Guard(), host_of(SOCKET), owned=False) is None
    assert caps(Guard(), host_of(SOCKET)).rate == float("inf")


def test_the_path_of_a_socket_is_relative_to_the_file(tmp_path: Path) -> None:
    assert address(checked("http+unix://app.sock/api", tmp_path)).socket == str(tmp_path / "app.sock")
    assert address(checked(SOCKET, tmp_path)).socket == "/run/app.sock"


def test_the_case_of_a_sockets_path_is_kept() -> None:
    assert address(checked("http+unix://%2Frun%2FApp.sock", None)).socket == "/run/App.sock"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http+unix:///run/app.sock", r"names no socket: .*%2F for /"),
        (f"http+unix://%2F{'x' * 200}", "107 bytes at most"),
        (f"{SOCKET}?x=1", "has no query"),
        ("unix:/run/app.sock", r"is not a URL \(try 'http://127\.0\.0\.1:8000', or 'http\+unix:"),
        ("http://127.0.0.1:port", "is not a URL"),
    ],
)
def test_what_is_no_base_url_is_refused_with_an_example(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        checked(url, None)
