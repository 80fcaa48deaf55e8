"""The event lines of a process: who it is, what was hooked, what failed; kept back until it serves."""

import os
import sys
import time

from .originals import clock
from .records import (
    EVENT_FAULT,
    EVENT_FRAMEWORK,
    EVENT_HOOK,
    EVENT_NAME,
    EVENT_SERVER,
    EVENT_STARTED,
    FORMAT,
)

MAX_PENDING = 100  # events of a process that does not serve (yet)
MAX_FAULTS = 100  # distinct places; the first of each is said
MAX_WHY = 500  # characters


class Journal:
    """Most processes that inherit the probe never serve, so they never write a line."""

    def __init__(self, flusher):
        self._flusher = flusher
        self._open = False
        self._hooks = {}
        self._faults = set()
        self._pending = []
        self.servers = {}
        self.frameworks = {}

    def forked(self):
        """What the parent knew of its libraries holds for a child; that it serves does not."""
        self._open = False
        self.servers = {}

    def open(self, names):
        """This process serves: say who it is and what was kept back; `names` is the table so far."""
        self._open = True
        self._line(
            {
                "kind": EVENT_STARTED,
                "format": FORMAT,
                "pid": os.getpid(),
                "ppid": os.getppid(),
                "python": "%d.%d.%d" % sys.version_info[:3],
                "prefix": sys.prefix,
                "executable": sys.executable,
                "monotonic_ns": clock(),
                "real_ns": time.time_ns(),
            }
        )
        for text, number in list(names.items()):
            if number:
                self._line({"kind": EVENT_NAME, "id": number, "text": text})
        for fields in self._hooks.values():
            self._line(dict(fields, kind=EVENT_HOOK))
        for kind, versions in ((EVENT_SERVER, self.servers), (EVENT_FRAMEWORK, self.frameworks)):
            for name, version in versions.items():
                self._line({"kind": kind, "name": name, "version": version})
        for fields in self._pending:
            self._line(fields)

    def event(self, kind, **fields):
        """One JSON line."""
        fields["kind"] = kind
        if self._open:
            self._line(fields)
            if not self._flusher.running:
                self._flusher.flush()
        elif len(self._pending) < MAX_PENDING:
            self._pending.append(fields)

    def name(self, number, text):
        if self._open:
            self._line({"kind": EVENT_NAME, "id": number, "text": text})

    def fault(self, where, error):
        """The probe's own failure: said once per place, never raised."""
        if where in self._faults or len(self._faults) >= MAX_FAULTS:
            return
        self._faults.add(where)
        why = "%s: %s" % (type(error).__name__, error) if isinstance(error, BaseException) else str(error)
        self.event(EVENT_FAULT, where=where, why=why[:MAX_WHY])

    def hook(self, name, state, version="", why=""):
        """What came of a hook: installed, failed or unsupported."""
        self._hooks[name] = fields = {"name": name, "state": state, "version": str(version), "why": str(why)[:MAX_WHY]}
        if self._open:
            self.event(EVENT_HOOK, **fields)

    def server(self, name, version):
        if name not in self.servers:
            self.servers[name] = str(version)
            if self._open:
                self.event(EVENT_SERVER, name=name, version=str(version))

    def framework(self, name, version=""):
        if name not in self.frameworks:
            self.frameworks[name] = str(version)
            if self._open:
                self.event(EVENT_FRAMEWORK, name=name, version=str(version))

    def _line(self, fields):
        import json  # late: a process that never serves does not need it

        self._flusher.events.append((json.dumps(fields, default=str) + "\n").encode("utf-8", "replace"))
