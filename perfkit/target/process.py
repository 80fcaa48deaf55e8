"""A supervised process as perfkit holds it: start, look after, stop."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Self

from perfkit.errors import TargetError

SUPERVISOR: Final = Path(__file__).with_name("supervise.py")
# Beyond the grace: the supervisor's own time for what daemonised itself, and for a machine under load.
STOP_SLACK: Final = 10.0
WAIT_STEP: Final = 1.0


@dataclass(slots=True)
class Supervised:
    """A command and everything it starts; `root_pid` is the command's, `pid` the supervisor's."""

    process: subprocess.Popen[bytes]
    grace: float
    root_pid: int = 0
    _said: bytearray = field(default_factory=bytearray)

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: IO[bytes],
        stop: str,
        grace: float,
        cwd: str | None = None,
    ) -> Self:
        """Raises TargetError when the command cannot be executed."""
        number = signal.Signals[f"SIG{stop.removeprefix('SIG')}"]
        line = (sys.executable, "-I", "-S", str(SUPERVISOR), str(os.getpid()), str(int(number)), str(grace), *command)
        pipe = subprocess.PIPE
        process = subprocess.Popen(line, bufsize=0, stdin=pipe, stdout=pipe, stderr=log, env=dict(environment), cwd=cwd)
        supervised = cls(process, grace)
        answer = supervised._read_answer()
        if not answer.startswith("root "):
            supervised.stop()
            why = answer.removeprefix("failed ") or "its supervisor ended at once"
            raise TargetError(f"`{command[0]}` could not be started: {why}", hint="Check target.launch.command.")
        supervised.root_pid = int(answer.removeprefix("root "))
        return supervised

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """Of the command; None while it runs. Daemons may be left when it is 0."""
        self._listen(0)
        for line in bytes(self._said).decode(errors="replace").splitlines():
            if line.startswith("exit "):
                return int(line.removeprefix("exit "))
        # A supervisor that somebody killed takes its command along and says nothing.
        return -signal.SIGKILL if self.process.poll() is not None else None

    def wait(self, limit: float | None = None) -> int | None:
        """Waits for the command to end; None when it did not within the limit."""
        until = None if limit is None else time.monotonic() + limit
        while self.exit_code is None and (until is None or time.monotonic() < until):
            self._listen(WAIT_STEP if until is None else max(0.0, min(WAIT_STEP, until - time.monotonic())))
        return self.exit_code

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the command itself, if it still runs."""
        if self.exit_code is None:
            # It may end between the question and the signal.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.root_pid, number)

    def stop(self) -> None:
        """Ends the command and all that it started; returns when nothing is left."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(self.grace + STOP_SLACK)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self._listen(0)
            self.process.stdout.close()

    def _read_answer(self) -> str:
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        os.set_blocking(self.process.stdout.fileno(), False)
        return answer.decode(errors="replace").strip()

    def _listen(self, limit: float | None) -> None:
        stdout = self.process.stdout
        if stdout is None or stdout.closed:
            return
        if select.select([stdout], [], [], limit)[0]:
            self._said += stdout.read() or b""


def show_exit(code: int | None) -> str:
    """How a command ended, in words."""
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
