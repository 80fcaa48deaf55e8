r"""Route templates in one spelling: `/orders/<int:pk>`, `/orders/:pk` and `^orders/(?P<pk>\d+)/$` are `/orders/{pk}`."""

import re

MAX_CACHED = 5000
_FLASK = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")  # <int:pk>, <pk>, also Django's path()
_STARLETTE = re.compile(r"\{([A-Za-z_]\w*):[^{}]+\}")  # {pk:int}
_COLON = re.compile(r"(?<=/):([A-Za-z_]\w*)")  # /:pk
_GROUP_NAME = re.compile(r"\(\?P<([A-Za-z_]\w*)>")


class Routes:
    """Name ids of route templates; each spelling is worked out once per process."""

    def __init__(self, name):
        self._name = name
        self._ids = {}

    def id(self, template, prefix=""):
        key = (prefix, template)
        found = self._ids.get(key)
        if found is None:
            if len(self._ids) >= MAX_CACHED:
                self._ids.clear()
            found = self._ids[key] = self._name(normalised(prefix + template))
        return found


def normalised(template):
    """The template with parameters as {x} and a leading slash."""
    if _is_expression(template):
        template = _without_expressions(template)
    template = _STARLETTE.sub(r"{\1}", _FLASK.sub(r"{\1}", template))
    template = _COLON.sub(r"{\1}", template)
    return template if template.startswith("/") else "/" + template


def _is_expression(template):
    return any(mark in template for mark in ("(", "^", "$", "\\"))


def _without_expressions(pattern):
    """A regular expression of Django's re_path as a template: named groups are {name}, others {1}, {2}, ..."""
    shown = []
    at = unnamed = 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "(":
            end = _closing(pattern, at)
            named = _GROUP_NAME.match(pattern, at)
            optional = pattern[end : end + 1] in ("?", "*")
            if named:
                shown.append("{%s}" % named.group(1))
            elif not pattern.startswith("(?", at):
                unnamed += 1
                shown.append("{%d}" % unnamed)
            elif pattern.startswith("(?:", at):
                shown.append(_without_expressions(pattern[at + 3 : end - 1]))
            at = end + optional
        elif letter == "<":  # a path() that stands around a re_path(), not an expression
            end = pattern.find(">", at) + 1 or len(pattern)
            shown.append(pattern[at:end])
            at = end
        elif letter == "\\":
            follows = pattern[at + 1 : at + 2]
            shown.append("" if follows in ("Z", "A", "b", "B") else follows)
            at += 2
        elif letter == "[":
            unnamed += 1
            shown.append("{%d}" % unnamed)
            at = pattern.find("]", at + 2) + 1 or len(pattern)
        else:
            shown.append("" if letter in "^$?*+" else letter)
            at += 1
    return "".join(shown)


def _closing(pattern, start):
    """Index after the bracket that closes the one at `start`."""
    depth = 0
    at = start
    in_class = False
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            at += 1
        elif in_class:
            in_class = letter != "]"
        elif letter == "[":
            in_class = True
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return len(pattern)
