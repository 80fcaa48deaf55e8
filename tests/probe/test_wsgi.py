"""The WSGI entry: one record per request, and the server sees what the application gave."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from perfkit.probe import records, wsgi
from perfkit.probe.context import current
from perfkit.probe.recorder import Recorder
from tests import probe_reader


def ignored(*_: Any) -> None:
    """The server's start_response."""


@pytest.fixture
def recorder(tmp_path: Path) -> Any:
    return Recorder(str(tmp_path))


def served(recorder: Any, app: Callable[..., Any], environ: dict[str, Any] | None = None) -> list[bytes]:
    """As a server calls it: takes all chunks, then close()."""
    result: Any = wsgi.wrap(app, recorder)({"REQUEST_METHOD": "GET", **(environ or {})}, ignored)
    chunks = list(result)
    if hasattr(result, "close"):
        result.close()
    return chunks


def the_record(recorder: Any) -> probe_reader.Row:
    recorder.flusher.flush()
    (row,) = probe_reader.read(Path(recorder.directory)).requests
    return row


def test_a_plain_list_is_recorded_and_handed_on_untouched(recorder: Any) -> None:
    body = [b"abc", b"de"]

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("201 CREATED", [])
        return body

    environ = {"REQUEST_METHOD": "POST", "HTTP_X_PERFKIT_ID": "000000000000000a", "HTTP_X_PERFKIT_STEP": "a%2Fb"}
    result: Any = wsgi.wrap(app, recorder)(environ, ignored)

    row = the_record(recorder)
    assert result is body
    assert (row["id"], row["step"], row["method"], row["status"], row["bytes"]) == (10, "a/b", "POST", 201, 5)
    assert row["cpu"] >= 0
    assert not row["flags"]


def test_a_stream_lasts_until_its_last_chunk(recorder: Any) -> None:
    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        yield b"two"

    assert served(recorder, app) == [b"one", b"two"]

    row = the_record(recorder)
    assert row["flags"] & records.STREAMED
    assert row["bytes"] == 6
    assert 0 < row["first_byte"] <= row["wall"]


def test_an_application_that_raises_is_recorded_and_still_raises(recorder: Any) -> None:
    def app(_environ: Any, _start_response: Any) -> Any:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        served(recorder, app)

    row = the_record(recorder)
    assert row["flags"] & records.RAISED
    assert row["status"] == 500
    assert current.get() is None


def test_a_file_for_the_kernel_keeps_its_class(recorder: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"x")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](path.open("rb"))

    result: Any = wsgi.wrap(app, recorder)({"REQUEST_METHOD": "GET", "wsgi.file_wrapper": FileWrapper}, ignored)

    assert type(result) is FileWrapper
    result.close()
    the_record(recorder)


def test_two_layers_make_one_record(recorder: Any) -> None:
    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b""]

    def framework(environ: Any, start_response: Any) -> Any:
        return wsgi.serve(recorder, app, environ, start_response)

    served(recorder, framework)

    the_record(recorder)


def test_the_bodys_own_close_is_called_and_still_belongs_to_the_request(recorder: Any) -> None:
    seen: list[Any] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def close(self) -> None:
            seen.append(current.get())

    def app(_environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [])
        return Body()

    served(recorder, app)

    the_record(recorder)
    assert seen[0] is not None
    assert current.get() is None


def test_a_server_that_forgets_to_close_costs_no_record(recorder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"

    forgotten: Any = wsgi.wrap(app, recorder)({"REQUEST_METHOD": "GET"}, ignored)
    list(forgotten)
    recorder.flusher.watch()
    assert len(recorder.active) == 1

    monkeypatch.setattr("perfkit.probe.recorder.MAX_UNCLOSED", 0)
    recorder.flusher.watch()
    forgotten.close()

    assert the_record(recorder)["bytes"] == 3


def test_a_client_that_went_away_leaves_a_record_too(recorder: Any) -> None:
    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        yield b"two"

    result: Any = wsgi.wrap(app, recorder)({"REQUEST_METHOD": "GET"}, ignored)
    next(iter(result))
    result.close()

    assert the_record(recorder)["bytes"] == 3
