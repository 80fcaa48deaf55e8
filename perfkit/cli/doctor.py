"""perfkit doctor: can this machine do what a run needs, and if not, what to type."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from rich.console import Console
from rich.table import Table

from perfkit.target import machine

PTRACE_SCOPE: Final = Path("/proc/sys/kernel/yama/ptrace_scope")
MOODS: Final = {"good": "green", "warn": "yellow", "bad": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["good", "warn", "bad"]
    said: str
    cure: str = ""


def doctor() -> int:
    """Check that this machine can run and profile scenarios."""
    found = tuple(examine())
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in found:
        table.add_row(f"[{MOODS[finding.state]}]●[/]", finding.what, finding.said, finding.cure)
    Console().print(table)
    return 1 if any(finding.state == "bad" for finding in found) else 0


def examine() -> Iterator[Finding]:
    yield Finding("python", "good", sys.version.split()[0])
    yield system()
    yield py_spy()
    yield ptrace()
    yield cores()
    yield git()
    yield noise()


def system() -> Finding:
    if sys.platform == "linux":
        return Finding("system", "good", f"Linux {os.uname().release}")
    return Finding("system", "bad", sys.platform, "perfkit watches processes through /proc: run it on Linux")


def py_spy() -> Finding:
    program = shutil.which("py-spy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if program is None:
        return Finding("py-spy", "bad", "not found", "pip install py-spy==0.4.3")
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return Finding("py-spy", "good", answer.stdout.strip())


def ptrace() -> Finding:
    """What Yama allows; the probe opens the door from inside where perfkit started the target."""
    scope = PTRACE_SCOPE.read_text().strip() if PTRACE_SCOPE.exists() else "0"
    if scope == "0" or os.geteuid() == 0:
        return Finding("tracing", "good", "py-spy may look at the target")
    if scope == "1":
        return Finding("tracing", "good", "restricted; the probe permits perfkit in targets that perfkit starts")
    return Finding(
        "tracing",
        "warn",
        f"kernel.yama.ptrace_scope is {scope}: py-spy cannot look at the target",
        "sudo sysctl kernel.yama.ptrace_scope=1",
    )


def cores() -> Finding:
    count = machine.cores()
    if count >= 2:  # noqa: PLR2004 - one for the target, one for the generator
        return Finding("cores", "good", str(count))
    return Finding("cores", "warn", "1: the generator takes its time from the target", "use two cores or more")


def git() -> Finding:
    if shutil.which("git"):
        return Finding("git", "good", "runs carry their commit")
    return Finding("git", "warn", "not found: runs will not know their commit", "install git")


def noise() -> Finding:
    measured = machine.noise()
    grade = str(measured["grade"])
    return Finding(
        "noise",
        "good" if grade != "noisy" else "warn",
        grade,
        "" if grade != "noisy" else "stop what else runs here, or trust ratios only",
    )
