"""Request and Recorder: what the entry points and the hooks call, written for the hot path.

For hooks:
    request = recorder.current()                 None outside any request
    name = recorder.statement_name(sql)          a dict hit after the first sight
    site = recorder.site(request, name)          0 unless it was this request's turn
    recorder.call(request, STATEMENT, name, started, wall, rows=..., ...)
    recorder.keep(request, call)                 the same for a list as in calls.py, which may change until the request ends
    request.turn                                 0: nothing but counting is wanted of its calls; else bits, see request.py
    recorder.mode                                MEASURE, PROFILE or COUNT, as perfkit says at this moment

A request's calls stay with it and are packed when it ends: one step for all of them, and nobody has to finish a statement.
"""

import struct
from itertools import count

from . import calls, control, cost, gc_pauses, ptracer
from .call_trees import CallTrees, greenlets
from .context import current
from .counting import Counts
from .flusher import MAX_QUEUED, Flusher
from .gauges import Gauges
from .gil import Holder
from .journal import Journal
from .loop_lag import Watches
from .names import Names
from .originals import clock, native_id, thread_local
from .records import COUNT, COUNTED, PROFILE, PROFILED, REQUEST, STATEMENT
from .request import OVER, PROFILES, SPILLS, WALKS, Request
from .routes import Routes
from .sites import LATER_MASK, Sites
from .trampolines import Trampolines

# A server that loses its client may forget to close the body (werkzeug does): after a second the record is written anyway.
MAX_UNCLOSED = 1000000000
MAX_HELD = 20000  # calls of one request, some 5 MB; then they are written before it ends, whatever is still being read
MAX_UINT16 = 0xFFFF
MAX_UINT32 = 0xFFFFFFFF
MAX_UINT64 = 0xFFFFFFFFFFFFFFFF

_pack_request = REQUEST.pack


class Recorder:
    """The probe of this process; silent, without files and threads, until the process serves."""

    clock = staticmethod(clock)
    current = staticmethod(current.get)

    def __init__(self, directory):
        self.directory = directory
        self.control = control.mapped(directory)
        self.flusher = Flusher(directory)
        self.journal = Journal(self.flusher)
        self.event = self.journal.event  # (kind, **fields): one JSON line
        self.fault = self.journal.fault  # (where, error): the probe's own failure, said once per place
        self.hook = self.journal.hook  # (name, state, version, why): installed, failed or unsupported
        self.framework = self.journal.framework  # (name, version): it answers requests here
        self.names = Names(self.journal.name)
        self.name = self.names.name
        self.statement_name = self.names.statement
        self.routes = Routes(self.names.name)
        self.sites = Sites(self.names.name)
        self.greenlets = False  # threads are greenlets: a thread's clock says nothing of a request
        self._gc = gc_pauses.Pauses()
        self.gauges = Gauges(self)
        self._begin_process()

    def _begin_process(self):
        self.serving = False
        self.active = {}  # sequence → Request: what is in flight
        self._following = count(1).__next__
        self._thread = thread_local()  # asking the kernel for a thread's id costs as much as ten dict lookups
        self.trampolines = Trampolines(self)
        self.trees = CallTrees(self)
        self.counts = Counts(self)
        self.watches = Watches()
        self.threads = 0  # that have served
        self._holder = Holder()
        self.flusher.watch = self._look_after

    @property
    def mode(self):
        return self.control[0]

    @property
    def has_frameworks(self):
        return bool(self.journal.frameworks)

    # -- requests: for the entry points ------------------------------------------------------------------------------

    def begin(self, method, identity, step, flags=0):
        """A request begins: method as text, identity and step as their headers spell them ("" or None when absent)."""
        if not (self.serving and self.flusher.running):
            self._prepare()
        sequence = self._following()
        turn = 0 if sequence & LATER_MASK else WALKS
        mode = self.control[0]
        if mode:
            flags |= PROFILED if mode == PROFILE else COUNTED
            turn |= PROFILES if mode == PROFILE else WALKS
        number = 0
        if identity:
            try:
                number = int(identity, 16)
            except ValueError:
                number = 0
            if not 0 < number <= MAX_UINT64:  # perfkit did not send that
                number = 0
        try:
            thread = self._thread.id
        except AttributeError:
            thread = self._thread.id = native_id()
            self.threads += 1
        names, active = self.names, self.active
        active[sequence] = request = Request(
            sequence,
            number,
            names.ids.get(method) or names.name(method),
            (names.steps.get(step) or names.step(step)) if step else 0,
            flags,
            len(active),
            turn,
            thread,
        )
        return request

    def _prepare(self):
        """Before the first request of a process."""
        if not self.serving:
            if not self.journal.servers:
                self.journal.server("unknown", "")  # found by its framework
            self.serve()
        if not self.flusher.running:
            self.flusher.errands.append(self._tell_cost)
            self.flusher.start()

    def end(self, request):
        """The last byte was handed over: the record is written, and whatever comes later is not this request's."""
        # Popping is atomic: of two threads that end a request, one does.
        if self.active.pop(request.sequence, None) is not request:
            return
        if request.wall < 0:
            request.wall = clock() - request.started
        request.closed = True
        request.turn = OVER
        if request.calls:
            self._write_calls(request, request.calls)
        try:
            record = _pack_request(
                request.sequence,
                request.flags,
                request.status,
                request.id,
                request.thread,
                request.in_flight,
                request.method,
                request.route,
                request.step,
                request.statements,
                request.started,
                request.wall,
                request.first_byte,
                request.cpu,
                request.loop,
                request.max_step,
                request.gc,
                request.bytes,
            )
        except struct.error:
            record = _pack_request(*_bounded(request))
        queue = self.flusher.requests
        queue.append(record)
        if len(queue) > MAX_QUEUED:
            self.flusher.flush()

    def _write_calls(self, request, taken):
        request.statements += len(taken) - request.others
        request.others = 0
        if request.flags & PROFILED:
            calls.seal(taken)
        self.flusher.calls.append(calls.packed(taken))

    def _tell_cost(self):
        cost.tell(self)

    def _look_after(self):
        """From the flusher's thread, a few times a second."""
        self.trees.prepare()
        if self.control[0] != COUNT:
            self.counts.over()
        self._holder.look_after(self, self.threads)
        self.gauges.take()
        late = clock() - MAX_UNCLOSED
        for request in list(self.active.values()):
            if request.exhausted and request.exhausted < late:
                self.end(request)
            elif len(request.calls) > MAX_HELD:
                request.turn |= SPILLS  # by its own thread, at its next call

    # -- calls: for the hooks ----------------------------------------------------------------------------------------

    def call(self, request, kind, name, started, wall, rows=-1, parameters=0, site=0, result=0, cpu=-1, flags=0):
        """One CALL record; dropped when its request is over, or when this process does not serve."""
        sequence = 0 if request is None else request.sequence
        self.keep(request, [sequence, kind, flags, rows, name, site, parameters, result, started, wall, cpu])

    def keep(self, request, call):
        """A call as a list: written when its request ends, so until then its time and its rows may still grow."""
        if request is None:
            if self.serving:
                queue = self.flusher.calls
                queue.append(calls.packed((call,)))
                if len(queue) > MAX_QUEUED:
                    self.flusher.flush()
            return
        if request.closed:
            return
        request.calls.append(call)
        if call[calls.KIND] != STATEMENT:
            request.others += 1
        if len(request.calls) > MAX_HELD:
            self._spill(request)

    def _spill(self, request):
        request.turn &= ~SPILLS
        held = request.calls
        taken = held[:]
        del held[: len(taken)]  # others may have been added meanwhile
        self._write_calls(request, taken)

    def site(self, request, name):
        """Name id of the place in the user's code that makes this call; 0 when it is not this request's turn."""
        return self.sites.site(request, name, self.control[0] == PROFILE)

    # -- the life of a process ---------------------------------------------------------------------------------------

    def serve(self):
        """From now on this process has files: what was known before is written first."""
        if self.serving:
            return
        self.serving = True
        self.journal.open(self.names.ids)
        self.greenlets = greenlets()
        self._gc.install()
        ptracer.permit(self)
        self.flusher.flush()

    def server(self, name, version=""):
        """This process serves, behind this server: now it has files."""
        self.journal.server(name, version)
        self.serve()

    def stop(self):
        """The last flush of a process that ends in order."""
        for request in list(self.active.values()):
            if request.calls:
                self._spill(request)
        self.flusher.flush()

    def forked(self):
        """In a child: a process of its own, which does not serve yet."""
        request = current.get()
        if request is not None:
            request.closed = True  # it is the parent's
            request.turn = OVER
        self.flusher.forked()
        self.journal.forked()
        self._begin_process()


def _bounded(request):
    """The fields of its record as numbers that fit: a status line or a method may hold anything."""
    return (
        request.sequence & MAX_UINT32,
        request.flags,
        request.status & MAX_UINT16,
        request.id,
        request.thread & MAX_UINT32,
        min(request.in_flight, MAX_UINT16),
        min(request.method, MAX_UINT16),
        request.route,
        request.step,
        min(request.statements, MAX_UINT32),
        request.started,
        request.wall,
        request.first_byte,
        request.cpu,
        request.loop,
        request.max_step,
        request.gc,
        request.bytes,
    )
