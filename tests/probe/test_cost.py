"""The probe's own costs are told once, from the paths that requests take, and leave nothing behind."""

from pathlib import Path
from typing import Any

import pytest

from perfkit.probe import cost
from perfkit.probe.context import current
from perfkit.probe.hooks import counted
from perfkit.probe.recorder import Recorder


@pytest.mark.parametrize("drivers", [set(), {"sqlite3"}, {"psycopg"}])
def test_a_request_and_a_statement_have_their_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drivers: set[str]) -> None:
    monkeypatch.setattr(counted, "DRIVERS", drivers)
    told: list[dict[str, Any]] = []
    recorder: Any = Recorder(str(tmp_path))

    def event(_kind: str, **fields: Any) -> None:
        told.append(fields)

    recorder.event = event

    cost.tell(recorder)

    ((request, call),) = [(fields["request"], fields["call"]) for fields in told]
    assert 0 < request < 1e6
    assert 0 < call < 1e6
    assert current.get() is None
    assert recorder.active == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("drivers", [{"sqlite3"}, {"psycopg"}])
def test_the_statements_that_are_timed_are_recorded_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drivers: set[str]
) -> None:
    monkeypatch.setattr(counted, "DRIVERS", drivers)
    recorder: Any = Recorder(str(tmp_path))
    recorder.serving = recorder.flusher.running = True
    cursor_class = cost.hooked(recorder)

    for _ in range(6):
        request = recorder.begin("GET", None, "step")
        token = current.set(request)
        cursor_class().execute(cost.QUERY, (1,)).fetchall()
        current.reset(token)
        recorder.end(request)

        assert request.statements == 1
        assert request.calls[0][3] == 1
