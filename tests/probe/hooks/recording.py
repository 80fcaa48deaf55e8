"""A probe in this process: a recorder with one request under way, and what it wrote."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from perfkit.probe.context import current
from perfkit.probe.recorder import Recorder
from perfkit.probe.records import CONTROL, CONTROL_SIZE, MEASURE
from tests.probe_reader import Row, Seen, read


class Probe:
    def __init__(self, directory: Path, mode: int = MEASURE) -> None:
        (directory / CONTROL).write_bytes(bytes([mode]) + bytes(CONTROL_SIZE - 1))
        self.directory = directory
        self.recorder: Any = Recorder(str(directory))
        self._undo: list[Callable[[], None]] = []

    def hook(self, *modules: ModuleType) -> None:
        for module in modules:
            self._undo.insert(0, module.install(self.recorder))

    @contextmanager
    def request(self) -> Generator[Any]:
        """One request; its calls are on disk afterwards."""
        request = self.recorder.begin("GET", "ab", "step")
        token = current.set(request)
        try:
            yield request
        finally:
            current.reset(token)
            self.recorder.end(request)
            self.recorder.flusher.flush()

    def seen(self) -> Seen:
        self.recorder.flusher.flush()
        seen = read(self.directory)
        assert [event for event in seen.events if event["kind"] == "fault"] == []
        return seen

    def statements(self) -> list[tuple[str, int]]:
        """Text and rows of each that belongs to a request, in the order in which they began."""
        rows = sorted((row for row in self.seen().statements() if row["request"]), key=lambda row: row["started"])
        return [(row["name"], row["rows"]) for row in rows]

    def calls(self, kind: str) -> list[Row]:
        return [row for row in self.seen().calls if row["kind"] == kind]

    def plans(self) -> list[Row]:
        return self.seen().of_kind("plan")

    def stop(self) -> None:
        for undo in self._undo:
            undo()
        self.recorder.flusher.running = False
