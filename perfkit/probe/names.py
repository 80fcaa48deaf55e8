"""Strings become small numbers: each text travels once per process, and no client can make the table grow for ever."""

from itertools import count

from .masking import masked

# A service has some hundreds of routes, shapes and call sites; beyond this the text itself is the fault (and a finding).
MAX_NAMES = 5000
MAX_STEPS = 1000  # steps come from a header, so from outside: they may not use up the table
MAX_CACHED = 5000  # raw statements; emptied when full, because unmasked texts can differ for ever
MAX_TEXT = 20000  # characters of one name
OTHER = "<other>"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class Names:
    """The table of one process; `announce(id, text)` is called once per new name."""

    def __init__(self, announce):
        self._announce = announce
        self._next = count(1)
        self.ids = {"": 0}
        self._statements = {}
        self.steps = {}  # header's value → name id
        self.other = self.name(OTHER)
        for method in METHODS:
            self.name(method)

    def name(self, text):
        found = self.ids.get(text)
        if found is not None:
            return found
        return self._new(text[:MAX_TEXT])

    def _new(self, text):
        if len(self.ids) > MAX_NAMES:
            return self.ids.get(text, self.other)
        new = next(self._next)
        kept = self.ids.setdefault(text, new)  # atomic: of two threads one wins, and only that one announces
        if kept == new:
            self._announce(new, text)
        return kept

    def statement(self, sql):
        found = self._statements.get(sql)
        if found is not None:
            return found
        text = sql if isinstance(sql, str) else _text(sql)
        found = self.name(masked(text[:MAX_TEXT]))
        if len(text) <= MAX_TEXT:
            if len(self._statements) >= MAX_CACHED:
                self._statements.clear()
            self._statements[sql] = found
        return found

    def step(self, encoded):
        """The name of a step as its header spells it: percent-encoded."""
        found = self.steps.get(encoded)
        if found is not None:
            return found
        if len(self.steps) >= MAX_STEPS:
            return self.other
        from urllib.parse import unquote  # a server that has a request has this module

        found = self.steps[encoded] = self.name(unquote(encoded))
        return found


def _text(sql):
    if isinstance(sql, (bytes, bytearray, memoryview)):
        return bytes(sql).decode("utf-8", "replace")
    return str(sql)
