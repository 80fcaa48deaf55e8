"""The ASGI entry and its steps: one record per request, and the loop's time goes to whom it belongs."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from perfkit.probe import asgi, records
from perfkit.probe.context import current
from perfkit.probe.recorder import Recorder
from perfkit.probe.request import Request
from perfkit.probe.steps import timed
from tests import probe_reader

START = {"type": "http.response.start", "status": 200, "headers": []}
LAST = {"type": "http.response.body", "body": b"abc"}


@pytest.fixture
def recorder(tmp_path: Path) -> Any:
    return Recorder(str(tmp_path))


def served(recorder: Any, app: Any, kind: str = "http") -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": "GET",
        "headers": [(b"host", b"x"), (b"x-perfkit-id", b"000000000000000b"), (b"x-perfkit-step", b"a%20b")],
    }
    asyncio.run(asgi.wrap(app, recorder)(scope, None, send))
    return sent


def the_record(recorder: Any) -> probe_reader.Row:
    recorder.flusher.flush()
    (row,) = probe_reader.read(Path(recorder.directory)).requests
    return row


def spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_a_request_is_recorded_with_what_it_sent(recorder: Any) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send({**LAST, "more_body": True})
        await send(LAST)

    assert served(recorder, app)[0] is START

    row = the_record(recorder)
    assert (row["id"], row["step"], row["status"], row["bytes"]) == (11, "a b", 200, 6)
    assert row["flags"] & records.ASYNCHRONOUS
    assert row["cpu"] == -1
    assert 0 < row["max_step"] <= row["loop"] <= row["wall"]


def test_a_background_task_is_not_what_the_client_waited_for(recorder: Any) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(START)
        await send(LAST)
        recorder.call(current.get(), records.STATEMENT, 1, 1, 1)
        spin(0.02)

    served(recorder, app)

    row = the_record(recorder)
    assert row["wall"] < 20_000_000
    assert row["loop"] <= row["wall"]
    assert row["statements"] == 0


def test_time_on_the_loop_is_counted_and_time_off_it_is_not(recorder: Any) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        spin(0.004)
        await asyncio.sleep(0.03)
        spin(0.008)
        await send(START)
        await send(LAST)

    served(recorder, app)

    row = the_record(recorder)
    assert 12_000_000 <= row["loop"] < row["wall"] - 25_000_000
    assert 8_000_000 <= row["max_step"] <= row["loop"] - 4_000_000


def test_an_application_that_raises_is_recorded_and_still_raises(recorder: Any) -> None:
    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        served(recorder, app)

    row = the_record(recorder)
    assert row["flags"] & records.RAISED
    assert row["status"] == 500


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_what_is_no_request_passes_through(recorder: Any, tmp_path: Path, kind: str) -> None:
    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        assert asgi.MARK not in scope
        assert current.get() is None

    served(recorder, app, kind)

    recorder.flusher.flush()
    assert list(tmp_path.iterdir()) == []


def test_an_exception_from_outside_reaches_the_coroutine_and_can_be_handled() -> None:
    async def patient() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "handled"
        return "slept"

    async def outside() -> str:
        class Watch:
            running = None

        task = asyncio.ensure_future(_as_coroutine(timed(patient(), Request(1, 0, 0, 0, 0, 0), Watch())))
        await asyncio.sleep(0)
        task.cancel()
        answer: str = await task
        return answer

    assert asyncio.run(outside()) == "handled"


async def _as_coroutine(awaitable: Any) -> Any:
    return await awaitable
