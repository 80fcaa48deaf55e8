"""Runs a command so that nothing of it outlives perfkit: a small process of its own, started by its path.

It is the subreaper of the command and of all that the command starts, daemons included. It ends them all when its
standard input closes (perfkit closed it, or was killed) or when it gets SIGTERM. Standard library only, no imports of
perfkit: `python -I -S supervise.py PARENT SIGNAL GRACE COMMAND...` is up in some 20 ms.

On standard output, one line per event: `root PID`, `failed MESSAGE`, `exit CODE`.
The command inherits standard error as its standard output and standard error.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CANNOT_EXECUTE = 127  # as shells say it
# What daemonised itself gets this long after we have ended the root, so that a database can close its files.
LEFTOVER_GRACE = 2.0
POLL = 0.01


def main(arguments: list[str]) -> int:
    parent, stop, grace, command = int(arguments[0]), int(arguments[1]), float(arguments[2]), arguments[3:]
    wakeup = await_signals()
    if os.getppid() != parent:
        return 0
    os.setsid()
    root = start(command)
    if root is None:
        return CANNOT_EXECUTE
    say(f"root {root}")
    status = watch(root, wakeup, parent)
    if status is None:
        end_root(root, stop, grace)
    # A root that ended well and left daemons lives on in them: its grace is theirs.
    end_rest(stop, grace if status == 0 else LEFTOVER_GRACE)
    return 0


def await_signals() -> int:
    """Asks the kernel for the orphans and for a signal when perfkit dies; returns the descriptor on which signals arrive."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, ignore)
    prctl(PR_SET_PDEATHSIG, signal.SIGHUP, 0, 0, 0)
    return read_end


def ignore(*_: object) -> None:
    """The signal only has to wake the select."""


def start(command: list[str]) -> int | None:
    """Forks and executes; the child tells through a pipe that closes on success why it could not."""
    read_end, write_end = os.pipe()
    root = os.fork()
    if root == 0:
        execute(command, write_end)
    os.close(write_end)
    with os.fdopen(read_end, errors="replace") as pipe:
        failure = pipe.read()
    if not failure:
        return root
    os.waitpid(root, 0)
    say(f"failed {failure}")
    return None


def execute(command: list[str], report: int) -> None:
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        # Descriptors made by os.open and os.pipe close themselves on exec; 0 to 2 were made inheritable by dup2.
        os.execvp(command[0], command)  # noqa: S606
    except BaseException as error:  # noqa: BLE001  a forked child must never return into the supervisor's own code
        os.write(report, (getattr(error, "strerror", None) or str(error)).encode())
    os._exit(CANNOT_EXECUTE)


def watch(root: int, wakeup: int, parent: int) -> int | None:
    """Waits until the command has ended (its exit code) or somebody wants it to (None, if it still runs).

    A root that ends with status 0 and leaves daemons behind lives on in them.
    """
    status: int | None = None
    while True:
        readable, _, _ = select.select([0, wakeup], [], [])
        signals = os.read(wakeup, 1024) if wakeup in readable else b""
        # The death signal also comes when only the thread that started us ends: then perfkit is alive, nothing is to be done.
        if signal.SIGTERM in signals or os.getppid() != parent:
            break
        if 0 in readable and not os.read(0, 1024):
            break
        ended = reap(root)
        status = ended if ended is not None else status
        if status is not None and (status != 0 or not descendants()):
            break
    return status


def end_root(root: int, stop: int, grace: float) -> None:
    """Asks the root to stop, waits, and leaves the rest to end_rest."""
    send(root, stop)
    until = time.monotonic() + grace
    while reap(root) is None and time.monotonic() < until:
        time.sleep(POLL)


def end_rest(stop: int, grace: float) -> None:
    """Asks what is left to stop, then kills until nothing is left: each round also meets what was forked during the last."""
    until = time.monotonic() + grace
    for pid in descendants():
        send(pid, stop)
    while descendants():
        if time.monotonic() > until:
            for pid in descendants():
                send(pid, signal.SIGKILL)
        time.sleep(POLL)
        reap(0)


def reap(root: int) -> int | None:
    """Collects every child that has ended, orphans included; the exit code of the root if it did, a signal's negative."""
    code: int | None = None
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == root:
                code = os.waitstatus_to_exitcode(status)
                say(f"exit {code}")
    return code


def descendants() -> list[int]:
    """All living processes below this one. /proc/PID/task/TID/children is optional in kernels, so parents are read instead."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  pathlib is not imported: it doubles the time to start
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                # The command name may hold spaces and brackets: fields count from its last bracket.
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        if state not in (b"Z", b"X"):
            children.setdefault(int(parent), []).append(int(name))
    found: list[int] = []
    unseen = [os.getpid()]
    while unseen:
        below = children.get(unseen.pop(), [])
        found += below
        unseen += below
    return found


def send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def say(line: str) -> None:
    # perfkit may be gone already; then nobody needs to be told.
    with contextlib.suppress(OSError):
        os.write(1, (line.replace("\n", " ") + "\n").encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
