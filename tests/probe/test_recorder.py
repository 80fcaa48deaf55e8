"""The recorder in this very process: what it writes is what was told, and it says nothing before it serves."""

import struct
from pathlib import Path
from typing import Any

import pytest

from perfkit.probe import calls, names, records
from perfkit.probe.recorder import Recorder
from tests import probe_reader


@pytest.fixture
def recorder(tmp_path: Path) -> Any:
    return Recorder(str(tmp_path))


def written(recorder: Any) -> probe_reader.Seen:
    recorder.flusher.flush()
    return probe_reader.read(Path(recorder.directory))


def test_a_process_that_never_serves_leaves_no_file(recorder: Any, tmp_path: Path) -> None:
    recorder.hook("sqlite3", "installed", "3.45")
    recorder.fault("somewhere", ValueError("x"))
    recorder.call(None, records.STATEMENT, recorder.statement_name("SELECT 1"), 1, 2)
    recorder.stop()

    assert list(tmp_path.iterdir()) == []


def test_what_was_known_before_is_written_when_it_serves(recorder: Any) -> None:
    recorder.hook("sqlite3", "failed", "3.45", "no such attribute")
    recorder.fault("somewhere", ValueError("x"))

    recorder.server("gunicorn", "23.0")

    seen = written(recorder)
    assert [event["format"] for event in seen.of_kind("started")] == [records.FORMAT]
    assert [(event["name"], event["state"], event["why"]) for event in seen.of_kind("hook")] == [
        ("sqlite3", "failed", "no such attribute")
    ]
    assert [event["name"] for event in seen.of_kind("server")] == ["gunicorn"]
    assert [event["why"] for event in seen.of_kind("fault")] == ["ValueError: x"]


def test_a_request_and_its_calls_come_back_as_they_were_told(recorder: Any) -> None:
    request = recorder.begin("GET", "00000000000000ff", "list%20orders")
    request.status, request.route = 200, recorder.routes.id("/orders/<int:pk>")
    shape = recorder.statement_name("SELECT * FROM t WHERE id = 7")
    recorder.call(request, records.STATEMENT, shape, 5, 70, rows=3, parameters=2**64 - 1, site=shape, result=9, flags=2)
    recorder.end(request)

    seen = written(recorder)
    (row,) = seen.requests
    assert (row["id"], row["method"], row["route"], row["step"]) == (255, "GET", "/orders/{pk}", "list orders")
    assert (row["status"], row["statements"], row["sequence"]) == (200, 1, 1)
    (call,) = seen.calls_of(row, "statement")
    assert (call["name"], call["rows"], call["wall"], call["flags"]) == ("SELECT * FROM t WHERE id = ?", 3, 70, 2)
    assert (call["parameters"], call["result"], call["site"]) == (2**64 - 1, 9, "SELECT * FROM t WHERE id = ?")


def test_a_call_after_the_end_of_its_request_is_dropped(recorder: Any) -> None:
    request = recorder.begin("GET", None, None)
    recorder.end(request)

    recorder.call(request, records.STATEMENT, 1, 5, 70)
    recorder.end(request)

    seen = written(recorder)
    assert len(seen.requests) == 1
    assert seen.calls == []


def test_a_call_that_grows_is_written_as_it_was_when_its_request_ended(recorder: Any) -> None:
    request = recorder.begin("GET", None, None)
    call = [request.sequence, records.STATEMENT, 0, 0, 1, 0, 0, 0, 5, 70, -1]
    recorder.keep(request, call)
    call[calls.WALL] += 30
    call[calls.ROWS] += 2
    recorder.end(request)
    call[calls.ROWS] += 1

    seen = written(recorder)
    assert [row["statements"] for row in seen.requests] == [1]
    assert [(row["wall"], row["rows"]) for row in seen.calls] == [(100, 2)]


def test_only_statements_are_counted_as_such(recorder: Any) -> None:
    request = recorder.begin("GET", None, None)
    recorder.call(request, records.CONNECT, 1, 5, 70)
    recorder.call(request, records.STATEMENT, 1, 5, 70)
    recorder.end(request)

    seen = written(recorder)
    assert [row["statements"] for row in seen.requests] == [1]
    assert len(seen.calls) == 2


def test_a_request_of_very_many_calls_writes_them_before_it_ends(recorder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.probe.recorder.MAX_HELD", 10)
    request = recorder.begin("GET", None, None)
    for number in range(25):
        recorder.call(request, records.STATEMENT, 1, number, 70)
    held = len(request.calls)
    recorder.end(request)

    seen = written(recorder)
    assert held <= 10
    assert [row["started"] for row in seen.calls] == list(range(25))
    assert [row["statements"] for row in seen.requests] == [25]


def test_a_request_that_the_hooks_filled_by_themselves_is_told_to_empty_itself(
    recorder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfkit.probe.recorder.MAX_HELD", 2)
    request = recorder.begin("GET", None, None)
    request.calls += [[request.sequence, records.STATEMENT, 0, 0, 1, 0, 0, 0, 5, 70, -1] for _ in range(3)]

    recorder.flusher.watch()

    assert request.turn
    recorder.call(request, records.STATEMENT, 1, 5, 70)
    assert not request.turn
    assert request.calls == []


def test_what_a_request_did_until_its_process_ends_is_written(recorder: Any) -> None:
    request = recorder.begin("GET", None, None)
    recorder.call(request, records.STATEMENT, 1, 5, 70)

    recorder.stop()

    assert len(written(recorder).calls) == 1


def test_numbers_that_do_not_fit_cost_no_record(recorder: Any) -> None:
    request = recorder.begin("GET", None, None)
    request.status = 123456
    recorder.call(request, records.STATEMENT, 1, 5, 70, rows=2**40, result=2**40 + 9)
    recorder.end(request)

    seen = written(recorder)
    assert [row["status"] for row in seen.requests] == [123456 & 0xFFFF]
    assert [(row["rows"], row["result"]) for row in seen.calls] == [(-1, 9)]


@pytest.mark.parametrize("header", ["", "zz", "-1", "1" * 17, "0"])
def test_a_header_that_perfkit_did_not_send_is_no_id(recorder: Any, header: str) -> None:
    recorder.end(recorder.begin("GET", header, None))

    assert [row["id"] for row in written(recorder).requests] == [0]


def test_requests_in_flight_are_counted_when_one_begins(recorder: Any) -> None:
    first, second = (recorder.begin("GET", None, None) for _ in range(2))
    recorder.end(first)
    recorder.end(second)
    recorder.end(recorder.begin("GET", None, None))

    assert [row["in_flight"] for row in written(recorder).requests] == [0, 1, 0]


def test_steps_from_outside_cannot_use_up_the_table_of_names(recorder: Any) -> None:
    for number in range(names.MAX_STEPS + 50):
        recorder.end(recorder.begin("GET", None, f"step{number}"))

    steps = {row["step"] for row in written(recorder).requests}
    assert len(steps) == names.MAX_STEPS + 1
    assert names.OTHER in steps
    assert recorder.statement_name("SELECT 1") != recorder.names.other


def test_more_names_than_fit_share_one(recorder: Any) -> None:
    ids = {recorder.name(f"name {number}") for number in range(names.MAX_NAMES + 100)}

    assert len(ids) <= names.MAX_NAMES
    assert recorder.names.other in ids


def test_the_mode_is_what_perfkit_wrote_a_moment_ago(tmp_path: Path) -> None:
    control = tmp_path / records.CONTROL
    control.write_bytes(bytes(records.CONTROL_SIZE))
    recorder = Recorder(str(tmp_path))
    assert recorder.mode == records.MEASURE

    with control.open("r+b") as file:
        file.write(bytes([records.PROFILE]))

    assert recorder.mode == records.PROFILE
    assert recorder.begin("GET", None, None).flags & records.PROFILED


def test_a_forked_child_is_a_process_of_its_own(recorder: Any) -> None:
    recorder.server("gunicorn")
    recorder.end(recorder.begin("GET", None, None))
    recorder.statement_name("SELECT 1")
    recorder.flusher.flush()

    recorder.forked()  # as os.register_at_fork calls it in the child
    recorder.end(recorder.begin("GET", None, None))

    seen = written(recorder)
    assert [row["sequence"] for row in seen.requests] == [1, 1]
    assert len({row["stem"] for row in seen.requests}) == 2
    texts = [event["text"] for event in seen.of_kind("name") if event["stem"] == seen.requests[1]["stem"]]
    assert "SELECT ?" in texts


def test_call_sites_are_walked_at_first_and_then_for_one_request_in_sixteen(recorder: Any) -> None:
    walked = 0
    for _ in range(64):
        request = recorder.begin("GET", None, "s")
        walked += recorder.site(request, 1) != 0
        recorder.end(request)

    assert walked in (3 + 4, 3 + 3)


def test_a_call_site_names_the_line_of_the_users_own_code(recorder: Any) -> None:
    recorder.control = bytes([records.PROFILE])

    def order_lines() -> Any:
        return recorder.site(None, 1)

    text = {number: text for text, number in recorder.names.ids.items()}
    site = order_lines()

    text = {number: text for text, number in recorder.names.ids.items()}
    innermost, caller, *_ = text[site].splitlines()
    assert innermost.endswith(" in order_lines")
    assert "test_recorder.py:" in innermost
    assert caller.endswith(" in test_a_call_site_names_the_line_of_the_users_own_code")


def test_a_call_in_a_comprehension_belongs_to_the_function_around_it(recorder: Any) -> None:
    recorder.control = bytes([records.PROFILE])

    def names_of_products() -> Any:
        return [recorder.site(None, 1) for _ in range(1)]

    (site,) = names_of_products()

    text = {number: text for text, number in recorder.names.ids.items()}
    assert text[site].splitlines()[0].endswith(" in names_of_products")


def test_records_have_the_size_that_the_reader_expects() -> None:
    assert struct.calcsize("<" + "".join(code for _, code in records.CALL_FIELDS)) == records.CALL.size
