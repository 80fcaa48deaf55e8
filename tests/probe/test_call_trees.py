"""pyinstrument's frames as collapsed stacks, and which requests it follows."""

import sys
from pathlib import Path
from typing import Any

import pytest

from perfkit.probe import asgi, call_trees
from perfkit.probe.loop_lag import label_number
from perfkit.probe.recorder import Recorder
from perfkit.probe.records import PROFILE

ENTRY = f"serve\x00{asgi.__file__}\x0040\x01l41"


def test_a_stack_begins_below_the_entry_and_shows_the_line_that_ran() -> None:
    frames = ["MainThread\x00<thread>\x001", "run\x00/server.py\x001", ENTRY, "view\x00/app.py\x0010\x01cView\x01l12"]

    assert call_trees.below_entry(frames) == ("view (/app.py:12)",)


def test_a_stack_outside_any_request_is_nobodys() -> None:
    assert call_trees.below_entry(["MainThread\x00<thread>\x001", "select\x00/selectors.py\x001"]) == ()


def test_a_child_task_is_the_requests_own_without_the_loop_above_it() -> None:
    frames = [
        "run\x00/server.py\x001",
        "_run\x00/lib/asyncio/events.py\x0080",
        "GET /x\x00<perfkit:ep:3>\x001",
        "child\x00/app.py\x005",
    ]

    assert call_trees.below_entry(frames) == ("child (/app.py:5)",)


def test_background_work_after_the_last_byte_is_left_out() -> None:
    view, later = [ENTRY, "view\x00/app.py\x001"], [ENTRY, "later\x00/app.py\x009"]

    assert call_trees.collapsed([(view, 0.01), (later, 0.5)], [], wall=0.01) == {("view (/app.py:1)",): 0.01}


def test_waiting_for_a_thread_is_told_by_the_threads_own_stacks() -> None:
    waiting = [ENTRY, "run_sync\x00/anyio/to_thread.py\x005", "[await]\x00<await>\x000"]
    inside = [ENTRY, "query\x00/app.py\x007"]

    assert call_trees.collapsed([(waiting, 0.02)], [(inside, 0.02)], wall=1) == {("query (/app.py:7)",): 0.02}


def test_the_same_ids_are_chosen_in_every_run(tmp_path: Path) -> None:
    recorder: Any = Recorder(str(tmp_path))
    recorder.control = bytes(8) + call_trees.control.SHARE.pack(1 / 50) + bytes(48)

    chosen = {number for number in range(1, 20_001) if recorder.trees._is_chosen(a_request(recorder, number))}

    assert len(chosen) == pytest.approx(400, rel=0.2)


def test_threading_is_never_imported_first_by_the_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder: Any = Recorder(str(tmp_path))
    recorder.control = bytes([PROFILE]) + bytes(63)
    monkeypatch.delitem(sys.modules, "threading")

    recorder.trees.prepare()
    before = recorder.trees._state
    monkeypatch.undo()
    recorder.trees.prepare()

    assert before == call_trees.UNKNOWN
    assert recorder.trees._state == call_trees.READY


def a_request(recorder: Any, identity: int) -> Any:
    request = recorder.begin("GET", None, None)
    request.id = identity
    return request


def test_a_label_is_made_once_per_endpoint_and_names_its_frame(tmp_path: Path) -> None:
    recorder: Any = Recorder(str(tmp_path))
    request = recorder.begin("GET", None, None)
    request.route = recorder.routes.id("/orders/<int:pk>;x")

    label = recorder.trampolines.label(request)

    assert label is recorder.trampolines.label(request)
    assert label.call.__code__.co_name == "GET /orders/{pk}_x"
    assert label.call.__code__.co_filename == f"<perfkit:ep:{label.number}>"
    assert label.call(max, 1, 2) == 2
    assert label_number(f"GET /orders (<perfkit:ep:{label.number}>:1)") == label.number
