"""From one request of a scenario to what its virtual users send, and to what they look for in its answer."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from perfkit.load.jsonpath import compile_path
from perfkit.load.plan import Expectation, FollowPlan, RequestPlan
from perfkit.load.reading import Extract, Find, by_cookie, by_header, by_jsonpath, by_regex
from perfkit.load.slots import compile_slot, text_of
from perfkit.scenario.context import Context
from perfkit.scenario.model import Expect, Extractor
from perfkit.scenario.request import RequestStep, step_name

_FORM: Final = "application/x-www-form-urlencoded"
_FINDERS: Final[Mapping[str, Callable[[str], Find]]] = {
    "header": by_header,
    "cookie": by_cookie,
    "regex": by_regex,
}


@dataclass(frozen=True, slots=True)
class Shared:
    """What a step takes over from the whole scenario."""

    headers: Mapping[str, str]
    redirects: int
    timeout: float


def compile_request(flow: str, place: str, step: RequestStep, shared: Shared, auth: str | None) -> RequestPlan:
    endpoint = step_name(step)
    content_type, body = _body(step)
    redirects = shared.redirects if step.redirects is None else step.redirects
    # Of another class, so that a request whose redirects are not followed costs nothing more.
    make: Callable[..., RequestPlan] = partial(FollowPlan, redirects=redirects) if redirects else RequestPlan
    return make(
        flow=flow,
        step=place,
        endpoint=endpoint,
        named=step.name is not None,
        method=step.method,
        url=compile_slot(step.url),
        params=tuple((name, compile_slot(value)) for name, value in step.params.items()),
        shared_headers=tuple((name, compile_slot(value)) for name, value in shared.headers.items()),
        headers=tuple((name, compile_slot(value)) for name, value in step.headers.items()),
        step_header=quote(endpoint, safe=""),
        content_type=content_type,
        body=body,
        expectation=compile_expectation(step.expect),
        extracts=tuple(compile_extract(name, extractor) for name, extractor in step.extract.items()),
        auth=auth,
    )


def _body(step: RequestStep) -> tuple[str, Callable[[Context], bytes] | None]:
    if step.json_body is not None:
        tree = compile_slot(step.json_body)
        return "application/json", written(tree.is_constant, lambda context: as_json(tree.render(context)))
    if step.form is not None:
        fields = [(name, compile_slot(value)) for name, value in step.form.items()]
        is_constant = all(slot.is_constant for _, slot in fields)
        return _FORM, written(is_constant, lambda context: _form([(name, slot.render(context)) for name, slot in fields]))
    if step.body is not None:
        text = compile_slot(step.body)
        return "text/plain; charset=utf-8", written(text.is_constant, lambda context: text_of(text.render(context)).encode())
    return "", None


def written(is_constant: bool, body: Callable[[Context], bytes]) -> Callable[[Context], bytes]:
    """A body without holes is written once."""
    if not is_constant:
        return body
    content = body(Context(Random(0)))
    return lambda _: content


def as_json(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _form(fields: Sequence[tuple[str, JsonValue]]) -> bytes:
    return urlencode([(name, text_of(value)) for name, value in fields]).encode()


def compile_expectation(expect: Expect) -> Expectation:
    return Expectation(
        status=None if expect.status is None else frozenset(expect.status),
        under=expect.under,
        headers=tuple((name, compile_slot(value).render) for name, value in expect.header.items()),
        json=tuple((path, compile_path(path), compile_slot(value).render) for path, value in expect.json.items()),
        contains=None if expect.contains is None else compile_slot(expect.contains).render,
    )


def compile_extract(name: str, extractor: Extractor) -> Extract:
    source = f"{extractor.engine} {extractor.expression}"
    at_random = extractor.pick == "random"
    if extractor.engine == "jsonpath":
        path = compile_path(extractor.expression)
        return Extract(name, source, by_jsonpath(path), at_random, path)
    return Extract(name, source, _FINDERS[extractor.engine](extractor.expression), at_random)
