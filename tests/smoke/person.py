"""perfkit as a person starts it, in a terminal of its own; whatever descends from it is found again and ended."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).parents[2]
MARK: Final = "PERFKIT_TEST"


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"exit {self.code} after {self.seconds:.1f} s\n{self.out}\n{self.err}"


@dataclass(slots=True)
class Command:
    """perfkit as a person starts it, in a folder of its own; everything that descends from it carries a mark."""

    folder: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    started: list["subprocess.Popen[str]"] = field(default_factory=list["subprocess.Popen[str]"])

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def latest(self) -> Path:
        return (self.reports / "latest").resolve()

    def start(self, *arguments: object, before: Sequence[str] = (), **environment: str) -> "subprocess.Popen[str]":
        """In a session of its own, as in a terminal of its own."""
        line = [*before, sys.executable, "-m", "perfkit", *map(str, arguments)]
        inherited = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200", MARK: self.mark, **environment}
        process = subprocess.Popen(
            line,
            cwd=self.folder,
            env=inherited,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """Whatever a test came to, nothing of it goes on."""
        for process in self.started:
            process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        until(lambda: self.left() == [], 10)

    def finish(self, process: "subprocess.Popen[str]", limit: float = 60) -> Done:
        began = time.monotonic()
        try:
            out, err = process.communicate(timeout=limit)
        finally:
            process.kill()
            process.wait()
        return Done(process.returncode, out, err, time.monotonic() - began)

    def __call__(self, *arguments: object, before: Sequence[str] = (), **environment: str) -> Done:
        done = self.finish(self.start(*arguments, before=before, **environment))
        assert self.left() == [], str(done)
        return done

    def run(self, scenario: Path, *arguments: object, before: Sequence[str] = (), **environment: str) -> Done:
        return self("run", scenario, "--no-calibrate", "--out", self.reports, *arguments, before=before, **environment)

    def left(self) -> list[str]:
        """Living processes that descend from it, by their environment: also those that left their family."""
        found: list[str] = []
        wanted = f"{MARK}={self.mark}".encode()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def findings(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.latest / "findings.json").read_text())
        return read


def until(holds: Callable[[], bool], limit: float) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < limit, "it did not come about in time"
        time.sleep(0.05)
    return time.monotonic() - began


def assert_told(done: Done, code: int, *words: str) -> None:
    """One message that holds these words, the next thing to type, no traceback."""
    assert done.code == code, str(done)
    assert done.err.count("perfkit: ") == 1, str(done)
    assert "\n→ " in done.err, str(done)
    assert "Traceback" not in done.err + done.out, str(done)
    for word in words:
        assert word in done.err, f"{word!r} is not in\n{done}"
