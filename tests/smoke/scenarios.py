"""The scenarios of scenarios/, run at ports and on files of their own, so that one that is open elsewhere does not disturb."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.smoke.person import REPOSITORY

SCENARIOS: Final = REPOSITORY / "scenarios"
# Long enough for every rule's own minimum at the rates of the scenarios.
DURATION: Final = "40s"


@dataclass(frozen=True, slots=True)
class Ran:
    """A scenario that was run: how it ended, what it said, and what it left behind."""

    code: int
    said: str
    directory: Path

    @property
    def judged(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads((self.directory / "findings.json").read_text())
        return read

    def findings(self) -> list[dict[str, Any]]:
        """Those above a hint."""
        found: list[dict[str, Any]] = self.judged["findings"]
        return [finding for finding in found if finding["level"] not in ("hint", "refuted")]

    def told(self) -> str:
        """All findings in a few words, for the message of a test that fails."""
        found = [f"{one['rule']} at {one['endpoint']}: {one['level']}, {one['call_site']}" for one in self.judged["findings"]]
        return "\n".join([self.said[-1500:], *found, f"skipped {self.judged['skipped']}", f"failed {self.judged['failed']}"])


def run(name: str, folder: Path) -> Ran:
    """One of them, in a folder that is empty."""
    path = SCENARIOS / f"{name}.yaml"
    options = ["--duration", DURATION, "--out", str(folder / "reports"), "--no-calibrate"]
    line = [sys.executable, "-m", "perfkit", "run", str(path), *options]
    done = subprocess.run(
        [*line, *moved(path, folder)], cwd=folder, env=environment(), capture_output=True, text=True, timeout=280, check=False
    )
    directory = (folder / "reports" / "latest").resolve()
    assert (directory / "findings.json").exists(), done.stdout + done.stderr
    return Ran(done.returncode, done.stdout + done.stderr, directory)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def moved(path: Path, folder: Path) -> list[str]:
    """`--set` for every port and database file of the target."""
    target = yaml.safe_load(path.read_text())["target"]
    ports = {port: str(free_port()) for port in sorted(set(re.findall(r"\b8\d{3}\b", json.dumps(target))))}
    options: list[str] = []
    for place, text in leaves(target, "target"):
        settled = re.sub(r"\b8\d{3}\b", lambda match: ports[match[0]], text)
        settled = re.sub(r"(sqlite:///|^)([\w/-]+\.db)$", lambda match: f"{match[1]}{folder / Path(match[2]).name}", settled)
        if settled != text:
            options += ["--set", f"{place}={json.dumps(settled)}"]
    return options


def leaves(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(item, f"{place}.{key}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free: int = listener.getsockname()[1]
        return free
