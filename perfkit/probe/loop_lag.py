"""Who blocks the event loop: a heartbeat on the loop, and a real thread that looks when it is late."""

import os
import sys

from .gauges import Naps
from .originals import clock, sleep, start_thread, thread_ident
from .records import EVENT_BLOCKER, EVENT_LAG, EVENT_LOOP, SERVICE_PREFIX

BEAT = 0.02  # seconds; 50 wake-ups a second cost about 0.1 % of a core
LATE = 50000000  # a step of 50 ms is felt by every other request of the loop
# asyncio's timers are of whole milliseconds, rounded up: a beat that is later found the loop at work.
BUSY = 1500000
LOOKS = 50  # stacks looked at during one block
MAX_DEPTH = 100
_BEAT_NS = int(BEAT * 1e9)
_PROBE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IDLE_FILES = ("selectors.py", "base_events.py", "runners.py")


class Watch:
    """One event loop and what is known of it."""

    def __init__(self, recorder, loop):
        self.recorder = recorder
        self.loop = loop
        self.thread = thread_ident()
        self.running = None  # the request whose step is on the loop at this moment
        self.due = clock()
        self.seen = {}  # stack → how often, during the block that goes on
        self.blocking = None
        self.resting = None  # the code that runs the loop, as seen from a beat
        self.looks = 0
        self.naps = Naps(_BEAT_NS, BUSY)

    def beat(self):
        """On the loop, every BEAT; a late one ends a block."""
        now = clock()
        late = now - self.due
        self.naps.woke(late)
        self.resting = sys._getframe().f_back.f_code if self.resting is None else self.resting
        if late > LATE:
            try:
                self._report(self.due, late)
            except Exception as error:  # a heartbeat that fails must not stop the next one
                self.recorder.fault("loop lag", error)
        if self.seen or self.looks:
            self.seen, self.blocking, self.looks = {}, None, 0
        self.due = clock() + _BEAT_NS
        if not self.loop.is_closed():
            self.loop.call_later(BEAT, self.beat)

    def look(self, now):
        """From the thread: sample the loop's stack if it is late."""
        if now - self.due <= LATE or self.looks >= LOOKS:
            return
        self.looks += 1
        frame = sys._current_frames().get(self.thread)
        if frame is None:
            return
        if self.blocking is None:
            self.blocking = self.running
        if self.running is None and self._is_idle(frame):
            return
        stack = stack_of(frame)
        self.seen[stack] = self.seen.get(stack, 0) + 1

    def _is_idle(self, frame):
        return frame.f_code is self.resting or os.path.basename(frame.f_code.co_filename) in _IDLE_FILES

    def _report(self, started, late):
        if not self.seen:
            self.recorder.event(EVENT_LAG, started=started, wall=late)
            return
        stack = max(self.seen, key=self.seen.get)
        request = self.blocking
        if request is not None:
            method, route, step = request.method, request.route, request.step
        else:
            method, route, step = self.recorder.trampolines.of_stack(stack)
        self.recorder.event(EVENT_BLOCKER, method=method, route=route, step=step, started=started, wall=late, stack=stack)


class Watches:
    """The loops of this process, looked at by one thread."""

    def __init__(self):
        self.by_loop = {}
        self.running = False

    def of(self, recorder, loop):
        found = self.by_loop.get(id(loop))
        if found is None or found.loop is not loop:
            found = self.by_loop[id(loop)] = Watch(recorder, loop)
            recorder.gauges.tell(EVENT_LOOP, str(len(self.by_loop)), found.naps.take)
            loop.call_later(BEAT, found.beat)
            found.due = clock() + _BEAT_NS
            if not self.running:
                self.running = True
                start_thread(self._run, (recorder,))
        return found

    def _run(self, recorder):
        try:
            while self.by_loop:
                sleep(BEAT)
                now = clock()
                for key, watch in list(self.by_loop.items()):
                    if watch.loop.is_closed():
                        self.by_loop.pop(key, None)
                    else:
                        watch.look(now)
        except Exception as error:  # the thread ends, and says so
            recorder.fault("loop lag", error)
        finally:
            self.running = False


def watch(recorder, request):
    """The watch of the loop that runs here, and the request's task; None where asyncio does not run the show."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        loop = asyncio.get_running_loop()
        request.task = asyncio.current_task()
    except RuntimeError:  # trio
        return None
    return recorder.watches.of(recorder, loop)


def stack_of(frame):
    """Root first, "function (file:line)", without the probe's own frames."""
    stack = []
    while frame is not None and len(stack) < MAX_DEPTH:
        code = frame.f_code
        if not code.co_filename.startswith(_PROBE):
            name = getattr(code, "co_qualname", code.co_name)
            stack.append("%s (%s:%d)" % (name, code.co_filename, frame.f_lineno or 0))
        frame = frame.f_back
    return tuple(reversed(stack))


def label_number(entry):
    """`GET /orders (<perfkit:ep:17>:1)` → 17; None for any other frame."""
    at = entry.rfind("<" + SERVICE_PREFIX)
    if at < 0:
        return None
    digits = entry[at + len(SERVICE_PREFIX) + 1 :].split(">", 1)[0]
    return int(digits) if digits.isdigit() else None
