"""One record per request of a WSGI application: from the server's call to the last byte that it was handed."""

from .context import current
from .originals import clock, thread_clock
from .records import COUNTED, PROFILED, RAISED, STREAMED

MARK = "perfkit.request"  # in environ: this request has its record
WRAPPED = "_perfkit_wraps"  # on a callable: it is an entry already
# A body whose first chunk takes longer than this was not there yet when the application returned.
STREAM_DELAY = 1000000
EXAMINED = PROFILED | COUNTED
MAX_STATUSES = 200  # lines whose number is known
_statuses = {}


def wrap(app, recorder):
    """`app` behind an entry; an application that has one already is left as it is."""
    if getattr(app, WRAPPED, None) is not None:
        return app

    def perfkit_entry(environ, start_response):
        return serve(recorder, app, environ, start_response)

    setattr(perfkit_entry, WRAPPED, app)
    return perfkit_entry


def serve(recorder, app, environ, start_response):
    """Call the application and keep the record of it, unless a layer further out does so."""
    outer = current.get()
    if MARK in environ or (outer is not None and not outer.closed):
        return app(environ, start_response)
    header = environ.get
    try:
        request = recorder.begin(environ["REQUEST_METHOD"], header("HTTP_X_PERFKIT_ID"), header("HTTP_X_PERFKIT_STEP"))
        environ[MARK] = request
        cpu = -1 if recorder.greenlets else thread_clock()
    except Exception as error:  # the request comes first
        recorder.fault("wsgi", error)
        return app(environ, start_response)
    current.set(request)

    def starting(status, headers, exc_info=None):
        request.status = _statuses.get(status) or _status(status)
        return start_response(status, headers) if exc_info is None else start_response(status, headers, exc_info)

    try:
        # Two ways, not one value: nothing of ours stands between the application and its entry.
        result = _examined(recorder, request, app, environ, starting) if request.flags & EXAMINED else app(environ, starting)
    except BaseException:
        request.flags |= RAISED
        if not request.status:
            request.status = 500
        _finish(recorder, request, cpu)
        raise
    if type(result) is list:
        request.bytes = len(result[0]) if len(result) == 1 else sum(map(len, result))
        request.first_byte = clock() - request.started
        _finish(recorder, request, cpu)
        return result
    return _body(recorder, request, result, environ, cpu)


def _examined(recorder, request, app, environ, starting):
    """Counted; or with a call tree if it is chosen, below a label of its own if no framework will give it one."""
    if request.flags & COUNTED:
        return recorder.counts.begin(request).call(app, environ, starting)
    recorder.trees.begin(request)
    if recorder.has_frameworks:
        return app(environ, starting)
    return recorder.trampolines.label(request).call(app, environ, starting)


def _body(recorder, request, result, environ, cpu):
    """What the server gets to see: the very object where nothing is left to happen in it, else a counting one."""
    if isinstance(result, (list, tuple)):
        request.bytes = sum(map(len, result))
        request.first_byte = clock() - request.started
        _finish(recorder, request, cpu)
        return result
    wrapper = environ.get("wsgi.file_wrapper")
    if isinstance(wrapper, type) and isinstance(result, wrapper):
        # The server recognises its own class and hands the file to the kernel: nothing of ours may stand between.
        request.first_byte = clock() - request.started
        _finish(recorder, request, cpu)
        return result
    if cpu >= 0:
        request.cpu = thread_clock() - cpu
    request.wall = clock() - request.started
    return (SizedBody if hasattr(result, "__len__") else Body)(recorder, request, result, cpu)


def _finish(recorder, request, cpu):
    if cpu >= 0:
        request.cpu = thread_clock() - cpu
    if request.tree is not None:
        recorder.trees.end(request)
    recorder.end(request)
    current.set(None)


def _status(line):
    try:
        number = int(line[:3])
    except (ValueError, TypeError):
        return 0
    if len(_statuses) < MAX_STATUSES:
        _statuses[line] = number
    return number


class Body:
    """An application's iterable, counted while the server takes it."""

    __slots__ = ("_cpu", "_next", "_recorder", "_request", "_result", "_returned")

    def __init__(self, recorder, request, result, cpu):
        self._recorder = recorder
        self._request = request
        self._result = result
        self._next = iter(result).__next__
        self._cpu = cpu
        self._returned = request.wall

    def __iter__(self):
        return self

    def __next__(self):
        request = self._request
        try:
            chunk = self._next()
        except StopIteration:
            request.exhausted = clock()
            raise
        except BaseException:
            request.flags |= RAISED
            raise
        if not request.closed:
            request.wall = wall = clock() - request.started
            if request.first_byte >= 0:
                request.flags |= STREAMED
            else:
                request.first_byte = wall
                if wall - self._returned > STREAM_DELAY:
                    request.flags |= STREAMED
            request.bytes += len(chunk)
        return chunk

    def close(self):
        """The server is done with it, whether it took all or not."""
        try:
            close = getattr(self._result, "close", None)
            if close is not None:
                close()
        finally:
            self._end()

    def __del__(self):
        self._end()  # a server that never calls close(); nothing happens after a close()

    def _end(self):
        request = self._request
        if request.closed:
            return
        if request.flags & STREAMED and self._cpu >= 0:
            request.cpu = thread_clock() - self._cpu
        if request.tree is not None:
            self._recorder.trees.end(request)
        self._recorder.end(request)
        if current.get() is request:
            current.set(None)

    def __getattr__(self, name):
        return getattr(self._result, name)


class SizedBody(Body):
    """One whose length the server may ask for: it makes a Content-Length out of it."""

    __slots__ = ()

    def __len__(self):
        return len(self._result)
