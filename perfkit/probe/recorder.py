"""Request and Recorder: what the entry points and the hooks call, written for the hot path.

For hooks:
    request = recorder.current()                 None outside any request
    name = recorder.statement_name(sql)          a dict hit after the first sight
    site = recorder.site(request, name)          0 unless it was this request's turn
    recorder.call(request, STATEMENT, name, started, wall, rows=..., ...)
    request.depth                                > 0 inside a database call: only the outermost driver-level call counts
    request.open[thing] = None                   `thing.finish()` is called when the request ends
    request.open.pop(thing, None)                when it was finished before
    recorder.mode                                MEASURE or PROFILE, as perfkit says at this moment
"""

from itertools import count

from . import control, cost, gc_pauses, ptracer
from .call_trees import CallTrees, greenlets
from .context import current
from .flusher import Flusher
from .journal import Journal
from .loop_lag import Watches
from .names import Names
from .originals import clock
from .records import (
    CALL,
    PROFILE,
    PROFILED,
    REQUEST,
    STATEMENT,
)
from .request import MAX_UINT64, Request, identity_of
from .routes import Routes
from .sites import Sites
from .trampolines import Trampolines

# A server that loses its client may forget to close the body (werkzeug does): after a second the record is written anyway.
MAX_UNCLOSED = 1000000000
MAX_UINT16 = 0xFFFF
MAX_UINT32 = 0xFFFFFFFF
MAX_INT32 = 0x7FFFFFFF

_pack_call = CALL.pack
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
        self._begin_process()

    def _begin_process(self):
        self.serving = False
        self.active = {}  # sequence → Request: what is in flight
        self._sequence = count(1)
        self.trampolines = Trampolines(self)
        self.trees = CallTrees(self)
        self.watches = Watches()
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
        if not self.serving:
            if not self.journal.servers:
                self.journal.server("unknown", "")  # found by its framework
            self.serve()
        if not self.flusher.running:
            self.flusher.errands.append(self._tell_cost)
            self.flusher.start()
        if self.control[0] == PROFILE:
            flags |= PROFILED
        names = self.names
        sequence = next(self._sequence)
        request = Request(
            sequence,
            identity_of(identity) if identity else 0,
            names.ids.get(method) or min(names.name(method), MAX_UINT16),
            names.step(step) if step else 0,
            flags,
            len(self.active),
        )
        self.active[sequence] = request
        return request

    def end(self, request):
        """The last byte was handed over: the record is written, and whatever comes later is not this request's."""
        # Popping is atomic: of two threads that end a request, one does.
        if self.active.pop(request.sequence, None) is not request:
            return
        if request.wall < 0:
            request.wall = clock() - request.started
        if request.open:
            self._finish_calls(request)
        request.closed = True
        flusher = self.flusher
        flusher.requests.append(
            _pack_request(
                request.sequence & MAX_UINT32,
                request.flags,
                request.status & MAX_UINT16,
                request.id,
                request.thread & MAX_UINT32,
                min(request.in_flight, MAX_UINT16),
                request.method,
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
        )
        if flusher.is_full():
            flusher.flush()

    def _tell_cost(self):
        cost.tell(self)

    def _look_after(self):
        """From the flusher's thread, a few times a second."""
        self.trees.prepare()
        late = clock() - MAX_UNCLOSED
        for request in list(self.active.values()):
            if request.exhausted and request.exhausted < late:
                self.end(request)

    def _finish_calls(self, request):
        for call in list(request.open):
            try:
                call.finish()
            except Exception as error:  # a hook's fault is not the target's
                self.fault("finish", error)
        request.open.clear()

    # -- calls: for the hooks ----------------------------------------------------------------------------------------

    def call(self, request, kind, name, started, wall, rows=-1, parameters=0, site=0, result=0, cpu=-1, flags=0):
        """One CALL record; dropped when its request is over, or when this process does not serve."""
        sequence = 0
        if request is not None:
            if request.closed:
                return
            sequence = request.sequence & MAX_UINT32
            if kind == STATEMENT:
                request.statements += 1
        elif not self.serving:
            return
        flusher = self.flusher
        flusher.calls.append(
            _pack_call(
                sequence,
                kind,
                flags,
                rows if -1 <= rows <= MAX_INT32 else -1,
                name,
                site,
                parameters & MAX_UINT64,
                result & MAX_UINT32,
                started,
                wall,
                cpu,
            )
        )
        if flusher.is_full():
            flusher.flush()

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
            request.open.clear()
        self.flusher.flush()

    def forked(self):
        """In a child: a process of its own, which does not serve yet."""
        request = current.get()
        if request is not None:
            request.closed = True  # it is the parent's
        self.flusher.forked()
        self.journal.forked()
        self._begin_process()
