"""Who may talk to the web UI, and about what."""

from typing import Any

import pytest

from perfkit.load.web_gate import Gate


def a_request(method: str = "GET", path: str = "/", host: str = "127.0.0.1:4711", **more: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": host, **more}


def a_gate() -> Gate:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Access-Control-Allow-Origin", "*"), ("Content-Type", "text/plain")])
        return [b"figures"]

    gate = Gate(app)
    gate.port = 4711
    return gate


@pytest.mark.parametrize(
    "asked",
    [
        a_request(),
        a_request(host="localhost:4711"),
        a_request("HEAD", "/stats/requests"),
        a_request("POST", "/stop", HTTP_ORIGIN="http://127.0.0.1:4711"),
        a_request("POST", "/stop"),
    ],
)
def test_its_own_page_may_read_everything_and_stop_the_load(asked: dict[str, Any]) -> None:
    assert a_gate().refusal(asked) is None


@pytest.mark.parametrize(
    "asked",
    [
        a_request(host="rebound.example.com:4711"),
        a_request(host="127.0.0.1:80"),
        a_request(host=""),
        a_request("POST", "/stop", HTTP_ORIGIN="http://elsewhere.example.com"),
        a_request("POST", "/stop", HTTP_ORIGIN="null"),
        a_request("POST", "/stop", HTTP_ORIGIN="http://127.0.0.1:8000"),
        a_request(HTTP_ORIGIN="https://elsewhere.example.com"),
    ],
)
def test_other_pages_and_other_names_are_refused(asked: dict[str, Any]) -> None:
    assert "no requests from other pages" in str(a_gate().refusal(asked))


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/swarm"), ("POST", "/stats/reset"), ("POST", "/user"), ("DELETE", "/stop"), ("OPTIONS", "/")]
)
def test_the_load_is_the_scenarios(method: str, path: str) -> None:
    assert "the load is the scenario's" in str(a_gate().refusal(a_request(method, path)))


def test_no_page_elsewhere_may_read_or_frame_it() -> None:
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        said.append((status, headers))

    assert list(a_gate()(a_request(), start_response)) == [b"figures"]
    assert said == [("200 OK", [("Content-Type", "text/plain"), ("X-Frame-Options", "DENY")])]
    assert b"perfkit's own" in b"".join(a_gate()(a_request(host="x"), start_response))
    assert said[-1][0] == "403 Forbidden"
