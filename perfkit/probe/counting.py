"""Exact counters of one request, in COUNT mode only: functions called, memory allocated and at its highest, blocks that stay.

Function calls are those of the target's own frames on the threads that work for the request: of Python functions and of C
functions, the probe's own left out; by sys.monitoring from 3.12 on, by sys.setprofile before. Memory is tracemalloc's, which
knows nothing of what was allocated before the request; allocated is what it grew by from one call or return to the next, added
up, so that what a function allocates and gives back between two of them is not seen. One request at a time: a second one
meanwhile is not counted.
"""

import gc
import os
import sys

from .context import current
from .records import EVENT_COUNTED

UNKNOWN = -1  # somebody else holds what it takes to count
_PROBE = os.path.dirname(os.path.abspath(__file__)) + os.sep
# 0, 1, 2 and 5 are for debuggers, coverage, profilers and optimisers (PEP 669).
_TOOLS = (3, 4)
# Of a frame object, before it: what the garbage collector keeps.
_HEAD = 16


class Counts:
    """Of a process: which request is being counted."""

    def __init__(self, recorder):
        self._recorder = recorder
        self._busy = None

    def begin(self, request):
        """How this request's application is to be called: with the interface of a trampoline's label."""
        counted = Counted(self._recorder, request, self._done) if self._busy is None else Uncounted()
        if self._busy is None:
            self._busy = request
            self._recorder.flusher.pauses = True  # what its thread allocates is nobody's request
            request.label = counted
        return counted

    def over(self):
        """Another mode: no request is counted from here on."""
        if self._busy is None:
            TRACING.stop()

    def _done(self):
        self._busy = None
        self._recorder.flusher.pauses = False


class Uncounted:
    """A request that comes while another one is counted."""

    def call(self, function, *arguments, **keywords):
        return function(*arguments, **keywords)

    async def awaited(self, coroutine):
        return await coroutine


class Counted:
    """One request: the outermost call is the whole of it, calls within are its other threads."""

    def __init__(self, recorder, request, done):
        self._recorder = recorder
        self._request = request
        self._done = done
        self._is_inside = False
        self._memory = Memory()
        self._calls = (Monitored if hasattr(sys, "monitoring") else Profiled)(request, self._memory)

    def call(self, function, *arguments, **keywords):
        if self._is_inside:
            return self._calls.elsewhere(function, *arguments, **keywords)
        self._start()
        try:
            return function(*arguments, **keywords)
        finally:
            self._stop()

    async def awaited(self, coroutine):
        self._start()
        try:
            return await coroutine
        finally:
            self._stop()

    def _start(self):
        self._is_inside = True
        try:
            self._memory.start()
            self._calls.start()
        except Exception as error:  # the request comes first
            self._recorder.fault("counting", error)

    def _stop(self):
        request = self._request
        request.label = None
        try:
            self._calls.stop()
            calls = self._calls.result()
            allocated, peak, kept = self._memory.stop()
        except Exception as error:
            self._recorder.fault("counting", error)
            return
        finally:
            self._done()
        if calls == UNKNOWN:  # nobody looked in between
            allocated = UNKNOWN
        self._recorder.event(EVENT_COUNTED, id=request.id, calls=calls, allocated=allocated, peak=peak, kept=kept)


class Profiled:
    """By sys.setprofile, thread by thread."""

    def __init__(self, request, memory):
        self._request = request
        self._memory = memory
        self._count = 0
        self._is_alone = True

    def start(self):
        self._is_alone = sys.getprofile() is None
        if self._is_alone:
            sys.setprofile(self._saw)

    def stop(self):
        if self._is_alone:
            sys.setprofile(None)

    def result(self):
        return self._count if self._is_alone else UNKNOWN

    def elsewhere(self, function, *arguments, **keywords):
        """On a thread of a pool; on the thread that is counted already, it is part of that."""
        if not self._is_alone or sys.getprofile() is not None:
            return function(*arguments, **keywords)
        sys.setprofile(self._saw)
        try:
            return function(*arguments, **keywords)
        finally:
            sys.setprofile(None)

    def _saw(self, frame, event, _argument):
        # What the event loop does meanwhile for itself has no request.
        if current.get() is not self._request or _is_ours(frame.f_code):
            self._memory.passed()
            return
        # A function that is called gets a frame object, for our sake.
        self._memory.grew(sys.getsizeof(frame) + _HEAD if event == "call" else 0)
        if event in ("call", "c_call"):
            self._count += 1


class Monitored:
    """By sys.monitoring, all threads at once."""

    def __init__(self, request, memory):
        self._request = request
        self._memory = memory
        self._count = 0
        self._tool = None

    def start(self):
        monitoring = sys.monitoring
        for tool in _TOOLS:
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, "perfkit")
                self._tool = tool
                break
        else:
            return
        events = monitoring.events
        monitoring.register_callback(self._tool, events.PY_START, self._saw)
        # An event per call of a C function needs the event of all calls, which nobody listens to.
        monitoring.register_callback(self._tool, events.C_RETURN, self._saw)
        monitoring.register_callback(self._tool, events.C_RAISE, self._saw)
        monitoring.register_callback(self._tool, events.PY_RETURN, self._left)
        monitoring.set_events(self._tool, events.PY_START | events.PY_RETURN | events.CALL)

    def stop(self):
        if self._tool is not None:
            sys.monitoring.set_events(self._tool, 0)
            sys.monitoring.free_tool_id(self._tool)

    def result(self):
        return self._count if self._tool is not None else UNKNOWN

    def elsewhere(self, function, *arguments, **keywords):
        return function(*arguments, **keywords)

    def _saw(self, code, *_arguments):
        if self._left(code):
            self._count += 1

    def _left(self, code, *_arguments):
        """True when it works for the request."""
        if current.get() is not self._request or _is_ours(code):
            self._memory.passed()
            return False
        self._memory.grew()
        return True


class Tracing:
    """tracemalloc of this process and of its forks: from the first request that is counted until the mode is over.

    Not from request to request: to stop it while another thread allocates without the interpreter's lock (os.getcwd() does)
    kills the process, until 3.12.9 and 3.13.2 (python/cpython#128679).
    """

    def __init__(self):
        self._is_ours = False
        self.memory = None  # () → (bytes now, bytes at the highest)

    def start(self):
        """True when it may be read: nobody else traces."""
        import tracemalloc

        if self._is_ours:
            tracemalloc.clear_traces()
        elif not tracemalloc.is_tracing():
            self._is_ours = True
            tracemalloc.start()
        self.memory = tracemalloc.get_traced_memory
        return self._is_ours

    def stop(self):
        if self._is_ours:
            import tracemalloc

            self._is_ours = False
            tracemalloc.stop()


TRACING = Tracing()


class Memory:
    """What was allocated within: all of it and at its highest in bytes, and the blocks that were not given back."""

    def __init__(self):
        self._is_traced = False
        self._collects = False
        self._blocks = 0
        self._traced = None
        self._last = 0
        self._allocated = 0

    def start(self):
        # A collection within would be this request's or the next one's, as it happens.
        self._collects = gc.isenabled()
        gc.disable()
        self._is_traced = TRACING.start()
        self._blocks = sys.getallocatedblocks()
        self._traced = TRACING.memory
        self._last = self._traced()[0]

    def grew(self, ours=0):
        """Looked at within the request; so many bytes are the probe's."""
        now = self._traced()[0]
        more = now - self._last - ours
        if more > 0:
            self._allocated += more
        self._last = now

    def passed(self):
        """What has come since was not the request's."""
        self._last = self._traced()[0]

    def stop(self):
        kept = sys.getallocatedblocks() - self._blocks
        allocated = peak = UNKNOWN
        if self._is_traced:
            allocated, peak = self._allocated, self._traced()[1]
        if self._collects:
            gc.enable()
        return allocated, peak, kept


def _is_ours(code):
    return code.co_filename.startswith(_PROBE)
