"""A run directory as it lies on disk while a run goes on: raw files of the generator, the probe and the collectors."""

import json
import math
from pathlib import Path

from perfkit.collectors import rows
from perfkit.evidence import Interval, Run, RunDirectory
from perfkit.load.recorder import Recorder, Sample
from perfkit.load.seconds import HEALTH, LEDGER
from perfkit.probe import records
from perfkit.run import runfile
from tests.builders import a_host, a_memory, a_process, a_queue, a_run, a_second

EPOCH = 1000.0
INTERVALS = (Interval("measure", 0.0, 10.0), Interval("profile", 10.0, 20.0))
NAMES = ("GET", "/orders/{id}", "browse", "SELECT ? FROM orders", "shop.py:41 in order")


def a_raw_run(path: Path, *, requests: int = 20) -> tuple[RunDirectory, Run]:
    """So many requests, one a second, each with one statement, seen by every observer."""
    directory = RunDirectory(path)
    path.mkdir(exist_ok=True)
    run = a_run(epoch=EPOCH, intervals=INTERVALS, resolved={"name": "shop", "slo": {}})
    runfile.write(directory, run)
    _generator(directory, requests)
    _probe(directory, requests)
    rows.append(path / "memory.jsonl", [a_memory(float(second)) for second in range(20)])
    rows.append(path / "host.jsonl", [a_host(float(second)) for second in range(20)])
    rows.append(path / "processes.jsonl", [a_process(float(second), 0.1 * second) for second in range(20)])
    rows.append(path / "accept_queue.jsonl", [a_queue(float(second)) for second in range(20)])
    directory.stacks.mkdir()
    (directory.stacks / "41.raw").write_text("run (/app/run.py:1);GET (<perfkit:ep:17>:3);order (/app/shop.py:41) 30\n")
    for observer in ("traces", "memory", "host", "processes", "accept_queue", "stacks", "call_trees"):
        directory.note(observer, "ok")
    return directory, run


def _generator(directory: RunDirectory, requests: int) -> None:
    recorder = Recorder(directory.samples, worker=0)
    for number in range(requests):
        due = EPOCH + number
        recorder.record(
            Sample(
                id=number + 1, virtual_user=1, flow="browse", step="browse[1]", endpoint="GET /orders/{id}", named=False,
                phase="measure" if number < requests / 2 else "profile", intended_at=due, sent_at=due,
                first_byte_at=math.nan, finished_at=due + 0.022, connect_time=0.0, reconnect=False,
                status=200, bytes=512, error="",
            )
        )  # fmt: skip
    answer = {
        "endpoint": "GET /orders/{id}", "status": 200, "content_type": "application/json", "content_encoding": "",
        "offered_encodings": "gzip", "bytes": 512, "gzip_bytes": 200, "items": 3, "query": False,
    }  # fmt: skip
    recorder.response(answer)
    recorder.close()
    seconds = [a_second(EPOCH + second + 1.0) | {"phase": "measure" if second < 10 else "profile"} for second in range(20)]
    recorder.beside(HEALTH).write_text("".join(json.dumps(row) + "\n" for row in seconds))
    measured = sum(number < requests / 2 for number in range(requests))
    counts = [("measure", measured), ("profile", requests - measured)]
    lines = [{"phase": phase, "sent": sent, "unsent": 0, "dropped": 0} for phase, sent in counts]
    recorder.beside(LEDGER).write_text("".join(json.dumps(line) + "\n" for line in lines))


def _probe(directory: RunDirectory, requests: int) -> None:
    directory.probe.mkdir()
    said = [{"kind": "started", "format": 1, "pid": 41, "ppid": 40, "python": "3.11.7"}]
    said += [{"kind": "name", "id": number, "text": text} for number, text in enumerate(NAMES, 1)]
    said += [
        {"kind": "label", "id": 17, "route": 2, "step": 3, "method": 1},
        {"kind": "hook", "name": "sqlite3", "state": "installed", "version": "3.45", "why": ""},
        {"kind": "plan", "shape": 4, "engine": "sqlite", "plan": ["SCAN orders"], "tables": {"orders": 20000}},
        {"kind": "call_tree", "route": 2, "step": 3, "method": 1, "wall": 20, "stacks": [[["order (/app/shop.py:41)"], 0.01]]},
        {"kind": "gauges", "at": _at(3.0), "seen": [["pool", "orders", 1, 0, 2], ["gil", "", 50_000_000, 0, 250_000_000]]},
        {
            "kind": "gauges",
            "at": _at(4.0),
            "seen": [
                ["lock", "shop.py:7", 0.25, 0, 1],
                ["nonsense", "", 1, 0, 2],
                ["pool", "orders", 1, 0],
                ["pool", "orders", -0.5, 0, 2],
                "x",
            ],
        },
        {"kind": "blocker", "route": 2, "step": 3, "started": _at(3.0), "wall": 80_000_000, "stack": ["order (/app/shop.py:41)"]},
    ]
    (directory.probe / "41-1.events").write_text("".join(json.dumps(line) + "\n" for line in said))
    (directory.probe / "41-1.requests").write_bytes(b"".join(_request(number) for number in range(requests)))
    (directory.probe / "41-1.calls").write_bytes(b"".join(_call(number) for number in range(requests)))


def _request(number: int) -> bytes:
    fields = {
        "sequence": number + 1, "flags": 0, "status": 200, "id": number + 1, "thread": 9, "in_flight": 0, "method": 1, "route": 2,
        "step": 3, "statements": 1, "started": _at(number + 0.001), "wall": 20_000_000, "first_byte": 15_000_000,
        "cpu": 5_000_000, "loop": -1, "max_step": -1, "gc": 0, "bytes": 512,
    }  # fmt: skip
    packed: bytes = records.REQUEST.pack(*(fields[name] for name, _ in records.REQUEST_FIELDS))
    return packed


def _call(number: int) -> bytes:
    fields = {
        "request": number + 1, "kind": records.STATEMENT, "flags": 0, "rows": 3, "name": 4, "site": 5, "parameters": 99,
        "result": 0, "started": _at(number + 0.002), "wall": 2_000_000, "cpu": -1,
    }  # fmt: skip
    packed: bytes = records.CALL.pack(*(fields[name] for name, _ in records.CALL_FIELDS))
    return packed


def _at(second: float) -> int:
    return int((EPOCH + second) * 1e9)
