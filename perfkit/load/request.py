"""One request, written out: path, headers and body from a step's templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from perfkit.load.plan import AuthPlan, RequestPlan
from perfkit.probe.records import ID_HEADER, STEP_HEADER
from perfkit.scenario.context import Context
from perfkit.scenario.templates import show

# What may stand in a path and its query as it is; `%` because a scenario may have encoded already.
_SAFE = "/?&=%:@!$'()*+,;~-._[]"


@dataclass(frozen=True, slots=True)
class Message:
    path: str
    headers: list[tuple[str, str]]
    body: bytes | None
    offered_encodings: str  # Accept-Encoding as sent


def message(step: RequestPlan, auth: AuthPlan | None, context: Context, cookies: str, number: int) -> Message:
    """Raises UndefinedName when a template has no value yet, LookupError when the path leaves the target."""
    headers: dict[str, tuple[str, str]] = {}
    if cookies:
        headers["cookie"] = ("Cookie", cookies)
    if step.content_type:
        headers["content-type"] = ("Content-Type", step.content_type)
    applied = auth.headers if auth is not None else ()
    # The step has the last word, whatever case it writes a name in.
    for name, render in (*step.shared_headers, *applied, *step.headers):
        headers[name.lower()] = (name, show(render(context)))
    headers[ID_HEADER] = (ID_HEADER, f"{number:016x}")
    headers[STEP_HEADER] = (STEP_HEADER, step.step_header)
    body = step.body(context) if step.body is not None else None
    _, offered = headers.get("accept-encoding", ("", ""))
    return Message(_path(step, context), list(headers.values()), body, offered)


def _path(step: RequestPlan, context: Context) -> str:
    path = show(step.url(context))
    if not path.startswith("/") or path.startswith("//"):
        raise LookupError(f"{step.endpoint}: the path is not one on the target")
    encoded = quote(path.partition("#")[0], safe=_SAFE)
    if not step.params:
        return encoded
    return encoded + ("&" if "?" in encoded else "?") + urlencode(list(_parameters(step, context)))


def _parameters(step: RequestPlan, context: Context) -> Iterable[tuple[str, str]]:
    """A list becomes one parameter per element; a null is left out."""
    for name, render in step.params:
        value = render(context)
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield name, show(item)
