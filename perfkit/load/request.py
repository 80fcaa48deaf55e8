"""A step's requests as bytes: everything constant is put together once, and what changes is filled in by one formatting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import quote, urlencode

from perfkit.load.destination import Destination
from perfkit.load.plan import AuthPlan, RequestPlan
from perfkit.load.slots import Render, Slot, compile_slot, text_of
from perfkit.probe.records import ID_HEADER, STEP_HEADER
from perfkit.scenario.context import Context

Write: TypeAlias = Callable[[Context, str, int], bytes]  # what the user knows, its Cookie header, the request's id
_Bytes: TypeAlias = Callable[[Context], bytes]

# What may stand in a path and its query as it is; `%` because a scenario may have encoded already.
SAFE: Final = "/?&=%:@!$'()*+,;~-._[]"
_WITH_LENGTH: Final = frozenset({"POST", "PUT", "PATCH"})  # say so when they have no body
_END: Final = b"\r\n\r\n"


def writer(step: RequestPlan, auth: AuthPlan | None, where: Destination) -> Write:
    """How a step's requests are written.

    Writing one raises UndefinedName when a template has no value yet, LookupError when the path leaves the target, and
    ValueError when a header cannot be sent.
    """
    headers = _headers(step, auth)
    try:
        first, rest = _head(step, where, headers)
    except ValueError as error:
        return _refuse(str(error))
    takes_cookies = "cookie" not in headers
    slots = [_header(slot) for _, slot in headers.values() if not slot.is_constant]
    if step.body is not None or slots or step.method in _WITH_LENGTH:
        return _general(first + b"%b" + rest, slots, step, takes_cookies=takes_cookies)
    plain = _plain(first + b"%b" + rest, _path(step), takes_cookies=takes_cookies)
    hole = _single_hole(step)
    return plain if hole is None else _direct(first, rest, step, hole, plain)


def _plain(head: bytes, path: _Bytes, *, takes_cookies: bool) -> Write:
    without = head + _END
    with_cookies = head + b"\r\nCookie: %b" + _END

    def write(context: Context, cookies: str, number: int) -> bytes:
        if cookies and takes_cookies:
            return with_cookies % (path(context), number, cookies.encode("latin-1"))
        return without % (path(context), number)

    return write


def _direct(first: bytes, rest: bytes, step: RequestPlan, hole: "_Hole", plain: Write) -> Write:
    """The commonest request of all, one value in its path: written by a single formatting when the value needs no encoding."""
    get = hole.get
    start, end = first + hole.before, hole.after + rest + _END
    with_number, with_text = start + b"%d" + end, start + b"%b" + end

    def write(context: Context, cookies: str, number: int) -> bytes:
        if cookies:
            return plain(context, cookies, number)
        value = get(context)
        if type(value) is int:
            return with_number % (value, number)
        text = text_of(value)
        if text.isalnum() and text.isascii():
            return with_text % (text.encode(), number)
        return (first + b"%b" + rest + _END) % (_checked(step, hole.raw % text), number)

    return write


def _general(head: bytes, slots: list[_Bytes], step: RequestPlan, *, takes_cookies: bool) -> Write:
    path = _path(step)
    body = step.body
    says_length = body is not None or step.method in _WITH_LENGTH

    def write(context: Context, cookies: str, number: int) -> bytes:
        content = b"" if body is None else body(context)
        text = head % (path(context), *[slot(context) for slot in slots], number)
        if cookies and takes_cookies:
            text += b"\r\nCookie: " + cookies.encode("latin-1")
        if says_length:
            return b"%b\r\nContent-Length: %d\r\n\r\n%b" % (text, len(content), content)
        return text + _END

    return write


def _refuse(why: str) -> Write:
    def write(_context: Context, _cookies: str, _number: int) -> bytes:
        raise ValueError(why)

    return write


def _headers(step: RequestPlan, auth: AuthPlan | None) -> Mapping[str, tuple[str, Slot]]:
    """By lower-case name; the step has the last word, whatever case it writes a name in."""
    headers: dict[str, tuple[str, Slot]] = {}
    if step.content_type:
        headers["content-type"] = ("Content-Type", compile_slot(step.content_type))
    applied = auth.headers if auth is not None else ()
    for name, slot in (*step.shared_headers, *applied, *step.headers):
        headers[name.lower()] = (name, slot)
    headers.pop(ID_HEADER, None)
    headers.pop(STEP_HEADER, None)
    return headers


def _head(step: RequestPlan, where: Destination, headers: Mapping[str, tuple[str, Slot]]) -> tuple[bytes, bytes]:
    """What stands before the path and after it: a format with a hole for each header that changes and one for the id."""
    lines = [" HTTP/1.1"]
    if "host" not in headers:
        lines.append(_escaped(f"Host: {where.authority}"))
    for name, slot in headers.values():
        lines.append(_escaped(f"{name}: ") + (_escaped(text_of(slot.constant)) if slot.is_constant else "%b"))
    if not where.keepalive and "connection" not in headers:
        lines.append("Connection: close")
    lines.append(_escaped(f"{STEP_HEADER}: {step.step_header}"))
    lines.append(f"{ID_HEADER}: %016x")
    if any("\n" in line or "\r" in line for line in lines):
        # A line break in a value would become a header, or a request, of its own.
        raise ValueError("a header holds a line break")
    return _escaped(f"{step.method} {where.prefix}").encode("latin-1"), "\r\n".join(lines).encode("latin-1")


def _header(slot: Slot) -> _Bytes:
    render = slot.render

    def header(context: Context) -> bytes:
        text = text_of(render(context))
        if "\n" in text or "\r" in text:
            raise ValueError("a header holds a line break")
        return text.encode("latin-1")

    return header


@dataclass(frozen=True, slots=True)
class _Hole:
    """The only value in a path: what is around it, encoded, and a format of the whole as the scenario writes it."""

    before: bytes
    get: Render
    after: bytes
    raw: str


def _single_hole(step: RequestPlan) -> _Hole | None:
    """None for a path without or with several, or one whose value could lead off the target."""
    pieces = step.url.pieces
    getters = [piece for piece in pieces if not isinstance(piece, str)]
    first = pieces[0] if pieces else None
    if step.params or len(getters) != 1 or not isinstance(first, str) or not _is_on_target(first) or _has_fragment(step):
        return None
    after = "".join(piece for piece in pieces[1:] if isinstance(piece, str))
    return _Hole(_literal(first), getters[0], _literal(after), f"{_escaped(first)}%s{_escaped(after)}")


def _has_fragment(step: RequestPlan) -> bool:
    return any(isinstance(piece, str) and "#" in piece for piece in step.url.pieces)


def _literal(text: str) -> bytes:
    """A part of a path inside a format."""
    return _encoded(text).replace(b"%", b"%%")


def _path(step: RequestPlan) -> _Bytes:
    url = step.url
    if step.params:
        return lambda context: _with_parameters(_checked(step, text_of(url.render(context))), step, context)
    if url.is_constant:
        raw = text_of(url.constant)
        if not _is_on_target(raw):
            return lambda _: _checked(step, raw)
        fixed = _encoded(raw)
        return lambda _: fixed
    render = url.render
    return lambda context: _checked(step, text_of(render(context)))


def _with_parameters(path: bytes, step: RequestPlan, context: Context) -> bytes:
    return path + (b"&" if b"?" in path else b"?") + urlencode(_parameters(step, context)).encode()


def _checked(step: RequestPlan, raw: str) -> bytes:
    if not _is_on_target(raw):
        raise LookupError(f"{step.endpoint}: the path is not one on the target")
    return _encoded(raw)


def _is_on_target(raw: str) -> bool:
    return raw.startswith("/") and not raw.startswith("//")


def _encoded(raw: str) -> bytes:
    return quote(raw.partition("#")[0], safe=SAFE).encode()


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _parameters(step: RequestPlan, context: Context) -> list[tuple[str, str]]:
    """A list becomes one parameter per element; a null is left out."""
    found: list[tuple[str, str]] = []
    for name, slot in step.params:
        value = slot.render(context)
        items = value if isinstance(value, list) else [value]
        found += [(name, text_of(item)) for item in items if item is not None]
    return found
