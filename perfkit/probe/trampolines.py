"""Frames that carry an endpoint's name, so that any stack reader can tell whose work it sees (PROFILE mode only)."""

import re
import types

from .loop_lag import label_number
from .records import EVENT_LABEL, SERVICE_PREFIX

MAX_LABELS = 500
MAX_LENGTH = 120
_STRANGE = re.compile(r"[^A-Za-z0-9/{}:_.<>\- ]")  # a `;` or a newline would split a stack in two


def _call(function, *arguments, **keywords):
    return function(*arguments, **keywords)


async def _await(coroutine):
    return await coroutine


class Label:
    """The two trampolines of one endpoint: `call(function, ...)` and `awaited(coroutine)`."""

    __slots__ = ("awaited", "call", "number")

    def __init__(self, number, text):
        self.number = number
        self.call = _renamed(_call, number, text)
        self.awaited = _renamed(_await, number, text)


class Trampolines:
    """The labels of this process: one per method, route and step."""

    def __init__(self, recorder):
        self._recorder = recorder
        self._labels = {}
        self._keys = {}

    def label(self, request):
        """The request's label, made when its endpoint is seen for the first time."""
        key = (request.method, request.route, request.step)
        found = self._labels.get(key)
        if found is None:
            if len(self._labels) >= MAX_LABELS:
                key = (0, self._recorder.names.other, 0)
                found = self._labels.get(key)
            if found is None:
                found = self._made(key)
        request.label = found
        return found

    def _made(self, key):
        texts = {number: text for text, number in list(self._recorder.names.ids.items())}
        method, route, step = key
        number = len(self._labels) + 1
        text = " ".join(filter(None, (texts.get(method), texts.get(route)))) if route else texts.get(step, "")
        found = self._labels[key] = Label(number, _STRANGE.sub("_", text)[:MAX_LENGTH] or "unnamed")
        self._keys[number] = key
        self._recorder.event(EVENT_LABEL, id=number, method=method, route=route, step=step)
        return found

    def of_stack(self, stack):
        """Method, route and step of the innermost label of a stack; (0, 0, 0) without."""
        for entry in reversed(stack):
            number = label_number(entry)
            if number in self._keys:
                return self._keys[number]
        return 0, 0, 0


def _renamed(function, number, text):
    changes = {"co_name": text, "co_filename": "<%s%d>" % (SERVICE_PREFIX, number)}
    if hasattr(function.__code__, "co_qualname"):  # 3.11 and later, which py-spy 0.4.3 prints
        changes["co_qualname"] = text
    return types.FunctionType(function.__code__.replace(**changes), function.__globals__, text)
