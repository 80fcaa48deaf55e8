"""Call trees of a few requests by pyinstrument, where the target's environment has it (PROFILE mode only)."""

import os
import sys

from . import control
from .records import ASYNCHRONOUS, EVENT_CALL_TREE, PROFILE, SAMPLED, SERVICE_PREFIX

INTERVAL = 0.001  # seconds; only the requests that were chosen pay for it
MAX_STACKS = 500  # of one request, the heaviest
SPREAD = 0x9E3779B97F4A7C15  # 2^64 / golden ratio: neighbouring ids land far apart, the same id always alike
SPACE = 1 << 64
UNKNOWN, READY, ABSENT = 0, 1, 2
OUTSIDE, IN_TASK, ENTERED = 0, 1, 2
_PROBE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_ENTRIES = (_PROBE + "wsgi.py", _PROBE + "asgi.py", _PROBE + "carriers.py")
_LABEL = "<" + SERVICE_PREFIX
_TASK_RUNNER = os.path.join("asyncio", "events.py")
ADVICE = "pip install pyinstrument in the target's environment"


class CallTrees:
    """One profiler at a time per process: its callback is paid by everything on its thread."""

    def __init__(self, recorder):
        self._recorder = recorder
        self._state = UNKNOWN
        self._module = None
        self._busy = None

    def prepare(self):
        """From the flusher's thread: the import takes a while, and no request should wait for it."""
        if self._state != UNKNOWN or self._recorder.mode != PROFILE:
            return
        # pyinstrument imports threading, whose importer it takes for the main thread: that must be the target, or it never ends.
        if "threading" in sys.modules:
            self._load()

    def _load(self):
        recorder = self._recorder
        if recorder.greenlets:
            self._state = ABSENT
            recorder.hook("pyinstrument", "unsupported", why="it cannot tell requests apart under gevent or eventlet")
            return
        try:
            import pyinstrument
        except ImportError:
            self._state = ABSENT
            recorder.hook("pyinstrument", "unsupported", why=ADVICE)
            return
        self._module = pyinstrument
        self._state = READY
        recorder.hook("pyinstrument", "installed", getattr(pyinstrument, "__version__", ""))

    def begin(self, request):
        """Start a profiler if this request is chosen; request.tree is it."""
        if self._state != READY or self._busy is not None or not self._is_chosen(request):
            return
        self._busy = request
        try:
            request.tree = Tree(self._module.Profiler, bool(request.flags & ASYNCHRONOUS))
        except Exception as error:  # another profiler holds this thread, say
            self._busy = None
            self._recorder.fault("pyinstrument", error)
            return
        request.flags |= SAMPLED

    def inside(self, request, function, *arguments, **keywords):
        """Call `function` on a thread that works for a sampled request: pyinstrument follows one thread at a time."""
        tree = request.tree
        try:
            profiler = tree.started("disabled")
        except Exception as error:  # the request comes first
            self._recorder.fault("pyinstrument in a thread", error)
            return function(*arguments, **keywords)
        try:
            return function(*arguments, **keywords)
        finally:
            tree.threads += profiler.stop().frame_records

    def _is_chosen(self, request):
        number = request.id or request.sequence
        return (number * SPREAD) % SPACE < control.share(self._recorder.control) * SPACE

    def end(self, request):
        """Stop it; the sums are made on the flusher's thread."""
        tree, request.tree = request.tree, None
        self._busy = None
        try:
            records = tree.profiler.stop().frame_records
        except Exception as error:  # stopped on another thread than it was started on
            self._recorder.fault("pyinstrument", error)
            return
        self._recorder.flusher.errands.append(lambda: self._write(request, records, tree.threads))

    def _write(self, request, records, threads):
        stacks = collapsed(records, threads, request.wall / 1e9)
        heaviest = sorted(stacks.items(), key=lambda item: -item[1])[:MAX_STACKS]
        self._recorder.event(
            EVENT_CALL_TREE,
            method=request.method,
            route=request.route,
            step=request.step,
            started=request.started,
            wall=request.wall,
            stacks=[[list(stack), seconds] for stack, seconds in heaviest],
        )


class Tree:
    """The profilers of one request: its own, and what those on other threads saw."""

    __slots__ = ("_make", "profiler", "threads")

    def __init__(self, make, asynchronous):
        self._make = make
        self.threads = []
        self.profiler = self.started("enabled" if asynchronous else "disabled")

    def started(self, mode):
        profiler = self._make(interval=INTERVAL, async_mode=mode)
        profiler.start()
        return profiler


def collapsed(records, threads, wall):
    """Seconds per stack, root first; what came after the request's last byte (background tasks) is left out."""
    sums = {}
    for frames, seconds in records:
        if wall <= 0:
            break
        wall -= seconds
        stack = below_entry(frames)
        # While a thread works for it, the loop's side only waits: that time is told by the thread's own stacks.
        if stack and not (threads and _awaits_thread(stack)):
            sums[stack] = sums.get(stack, 0.0) + seconds
    for frames, seconds in threads:
        stack = below_entry(frames)
        if stack:
            sums[stack] = sums.get(stack, 0.0) + seconds
    return sums


def below_entry(frames):
    """Frames of pyinstrument as "function (file:line)" from below the probe's entry, without its own; () outside any request."""
    shown = []
    level = OUTSIDE
    for frame in frames:
        identifier, _, attributes = frame.partition("\x01")
        name, file, line = [*identifier.split("\x00"), "", "0"][:3]
        found = _level(name, file)
        if found is not None:
            if found > level:  # what is above belongs to the server
                level = found
                shown = []
            continue
        for attribute in attributes.split("\x01"):
            if attribute.startswith("l"):
                line = attribute[1:]
        shown.append("%s (%s:%s)" % (name, file, line))
    return tuple(shown) if level else ()


def _level(name, file):
    """None for a frame to show; else what it says: nothing, that a task begins here, or that the request does."""
    if file in _ENTRIES:
        return ENTERED
    if file.startswith(_LABEL) or (name == "_run" and file.endswith(_TASK_RUNNER)):
        return IN_TASK
    return OUTSIDE if file.startswith(_PROBE) else None


def _awaits_thread(stack):
    return stack[-1].startswith("[await]") and any("to_thread.py:" in entry for entry in stack)


def greenlets():
    """Whether threads are greenlets here, so that a thread's clock says nothing of a request."""
    gevent = sys.modules.get("gevent.monkey")
    eventlet = sys.modules.get("eventlet.patcher")
    try:
        return bool(
            (gevent is not None and gevent.is_module_patched("threading"))
            or (eventlet is not None and eventlet.is_monkey_patched("thread"))
        )
    except Exception:
        return False
