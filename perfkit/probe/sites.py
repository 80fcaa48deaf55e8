"""Call sites: which line of the user's own code made a call, and who called that.

A text of up to three lines, innermost first: "shop/storage.py:26 in rows", then "shop/orders.py:27 in order_summaries". Whether
the innermost function is where a person should look, or a helper that many share, is for the reader to judge who sees all.
"""

import os
import sys
import sysconfig

from .request import WALKS

# The first sightings of a call are always walked, so that rare endpoints have their sites too; then one request in sixteen.
FIRST_SIGHTINGS = 3
LATER_MASK = 15
MAX_CACHED = 20000  # code objects and counters; emptied when full, for code that is made at run time
MAX_FRAMES = 200
CHAIN = 3  # functions of the user's own code that a site names
SKIPPED, LIBRARY, OWN, ENTRY = 0, 1, 2, 3

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
_PROBE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_ENTRIES = (_PROBE + "wsgi.py", _PROBE + "asgi.py")
_PACKAGES = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)
# Drivers, mappers, frameworks, servers: never the place where a person would change something.
_PLUMBING = frozenset(
    """
    sqlalchemy sqlmodel alembic django rest_framework ninja peewee pony tortoise databases
    psycopg psycopg2 psycopg_pool psycopg_binary psycopg_c sqlite3 aiosqlite asyncpg pymysql MySQLdb aiomysql mysql oracledb
    pymongo motor redis aioredis flask flask_sqlalchemy werkzeug jinja2 fastapi starlette quart litestar falcon sanic aiohttp
    uvicorn gunicorn hypercorn granian daphne waitress cheroot gevent eventlet greenlet uvloop anyio sniffio asgiref a2wsgi trio
    h11 httptools urllib3 requests httpx httpcore http2 h2 pydantic pydantic_core pyinstrument
    """.split()  # noqa: SIM905 - a list of words
)


def _standard():
    paths = {sysconfig.get_paths().get(key) for key in ("stdlib", "platstdlib")}
    paths.add(os.path.dirname(os.path.realpath(os.__file__)))
    # The scripts that start a server are in bin: nobody's own code either.
    paths.add(os.path.join(sys.prefix, "bin"))
    return tuple(path + os.sep for path in paths if path)


class Sites:
    """One table per process; `name` interns a text."""

    def __init__(self, name):
        self._name = name
        # By id(): a code object hashes all of its constants, and newer versions of Python its instructions, every time.
        self._kinds = {}  # id of a code object → SKIPPED, LIBRARY, OWN, ENTRY
        self._ids = {}  # (id of a code object, instruction, id of its caller's, ...) → name id
        self._codes = {}  # id → code object: so that no other gets its id
        self._seen = {}  # (endpoint, call) → how often it was walked
        self._settled = {}  # call → the endpoints that need no more walks of it, but for one request in sixteen
        self._standard = _standard()
        self._here = os.getcwd() + os.sep

    def site(self, request, name, always):
        if not always and not self._is_due(request, name):
            return 0
        return self.walk(sys._getframe(2))

    def settled(self, name):
        """A set that hot paths ask themselves: whoever's `route or step` is in it has seen enough of this call."""
        return self._settled.setdefault(name, set())

    def _is_due(self, request, name):
        if request is not None and request.turn & WALKS:
            return True
        endpoint = request.route or request.step if request is not None else 0
        key = (endpoint, name)
        seen = self._seen.get(key, 0)
        if seen >= FIRST_SIGHTINGS:
            self.settled(name).add(endpoint)
            return False
        if len(self._seen) >= MAX_CACHED:
            self._seen.clear()
            for endpoints in list(self._settled.values()):
                endpoints.clear()
        self._seen[key] = seen + 1
        return True

    def walk(self, frame):
        """Name id of the innermost frames of the user's own code, else of a library that is not plumbing, else 0."""
        chain = frames = ()
        library = greenlet = None
        kinds = self._kinds
        for _ in range(MAX_FRAMES):
            if frame is None:
                greenlet, frame = _parent(greenlet)
                if frame is None:
                    break
            code = frame.f_code
            kind = kinds.get(id(code))
            if kind is None:
                kind = self._classified(code)
            if kind == OWN:
                frames += (frame,)
                chain += (id(code), frame.f_lasti)
                if len(frames) == CHAIN:
                    break
            elif kind == LIBRARY:
                library = library or frame
            elif kind == ENTRY:  # what is further out belongs to the server
                break
            frame = frame.f_back
        if not frames:
            if library is None:
                return 0
            frames = (library,)
            chain = (id(library.f_code), library.f_lasti)
        return self._ids.get(chain) or self._named(chain, frames)

    def own_line(self, frame):
        """The place `shop/stock.py:12` of a frame of the user's own code; "" of any other."""
        code = frame.f_code
        kind = self._kinds.get(id(code))
        if kind is None:
            kind = self._classified(code)
        return "%s:%d" % (self._shown(code.co_filename), frame.f_lineno or 0) if kind == OWN else ""

    def _classified(self, code):
        if len(self._codes) >= MAX_CACHED:
            self._kinds.clear()
            self._ids.clear()
            self._codes.clear()
        self._codes[id(code)] = code
        kind = ENTRY if _is_entry(code) else self._kind(code.co_filename)
        if kind == OWN and code.co_name in _COMPREHENSIONS:
            kind = SKIPPED  # it is a line of the function around it, whose frame comes next
        self._kinds[id(code)] = kind
        return kind

    def _kind(self, file):
        if file.startswith(("<", _PROBE)):
            return SKIPPED
        package = _beside_packages(file)
        if package is not None:
            return SKIPPED if package.split(os.sep, 1)[0].split(".", 1)[0] in _PLUMBING else LIBRARY
        return SKIPPED if file.startswith(self._standard) else OWN

    def _named(self, chain, frames):
        if len(self._ids) >= MAX_CACHED:
            self._ids.clear()
        places = [(frame.f_code, frame.f_lineno or 0) for frame in frames]
        lines = ["%s:%d in %s" % (self._shown(code.co_filename), line, code.co_name) for code, line in places]
        found = self._name("\n".join(lines))
        if all(code is self._codes.get(id(code)) for code, _ in places):  # unless the table was emptied on the way
            self._ids[chain] = found
        return found

    def _shown(self, file):
        package = _beside_packages(file)
        if package is not None:
            return package
        return file[len(self._here) :] if file.startswith(self._here) else file  # noqa: FURB188 - 3.9


def _is_entry(code):
    return code.co_name == "serve" and code.co_filename in _ENTRIES


def _beside_packages(file):
    """`/venv/lib/python3.11/site-packages/a/b.py` → `a/b.py`; None for a file that is not installed."""
    for folder in _PACKAGES:
        at = file.rfind(folder)
        if at >= 0:
            return file[at + len(folder) :]
    return None


def _parent(greenlet):
    """The greenlet that waits for this one, and where it stands: SQLAlchemy's async half runs its drivers in greenlets."""
    module = sys.modules.get("greenlet")
    if module is None:
        return None, None
    greenlet = (module.getcurrent() if greenlet is None else greenlet).parent
    return greenlet, getattr(greenlet, "gr_frame", None)
