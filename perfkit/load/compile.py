"""From a scenario and one of its load profiles to the plan that the generator plays."""

import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Final
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from perfkit.errors import LoadError
from perfkit.evidence import Phase
from perfkit.load.destination import Destination, destination
from perfkit.load.jsonpath import compile_path
from perfkit.load.origins import Origins
from perfkit.load.plan import (
    AuthPlan,
    Expectation,
    FlowPlan,
    FollowPlan,
    Plan,
    RepeatPlan,
    RequestPlan,
    Segment,
    StepPlan,
    ThinkPlan,
)
from perfkit.load.reading import Extract, Find, by_cookie, by_header, by_jsonpath, by_regex
from perfkit.load.responses import OFFERED_ENCODINGS
from perfkit.load.share import WHOLE, Share
from perfkit.load.slots import compile_slot, text_of
from perfkit.scenario.context import Context
from perfkit.scenario.feeders import open_feed
from perfkit.scenario.model import Auth, Expect, Extractor, Flow, Http, RepeatStep, RequestStep, Scenario, Stage, Step, ThinkStep
from perfkit.scenario.steps import step_name
from perfkit.version import VERSION

# Virtual users of an open load that gives no max_in_flight: enough to see a target stall, few enough for one process.
MOST_IN_FLIGHT: Final = 1000

_FORM: Final = "application/x-www-form-urlencoded"
_FINDERS: Final[Mapping[str, Callable[[str], Find]]] = {
    "header": by_header,
    "cookie": by_cookie,
    "regex": by_regex,
}


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a step takes over from the whole scenario."""

    headers: Mapping[str, str]
    redirects: int


def compile_plan(scenario: Scenario, profile: str, profile_for: float, run_id: str, share: Share = WHOLE) -> Plan:
    """The flows with their templates compiled and the load as segments; refuses what may not be fired at."""
    shared = _Shared(_shared_headers(scenario.http, run_id), scenario.http.redirects)
    flows = [_flow(name, flow, shared) for name, flow in scenario.flows.items()]
    planned = segments(scenario, profile, profile_for)
    home = _destination(scenario)
    levels = [(segment.is_open, max(segment.start, segment.end)) for segment in planned]
    return Plan(
        flows=tuple(flows),
        cumulative_weights=tuple(sum(flow.weight for flow in flows[: count + 1]) for count in range(len(flows))),
        auth={name: _auth(name, auth, shared, tuple(scenario.flows)) for name, auth in scenario.auth.items()},
        segments=divided(planned, share),
        destination=home,
        origins=Origins(home, levels, lambda: _tls(scenario.http, shows_certificate=False)),
        variables=scenario.vars,
        feeds={name: open_feed(feeder, share.worker, share.of) for name, feeder in scenario.data.items()},
        seed=scenario.seed,
        share=share,
    )


def segments(scenario: Scenario, profile: str, profile_for: float) -> tuple[Segment, ...]:
    """The profile's stages, and its last level once more for the profile phase."""
    stages = scenario.load.get(profile)
    if stages is None:
        raise LoadError(f"there is no load profile {profile!r}", hint=f"Choose one of: {', '.join(scenario.load)}.")
    planned = [_segment(index, stage, "warm-up" if stage.warmup else "measure") for index, stage in enumerate(stages)]
    if profile_for > 0:
        planned.append(_last_level(planned[-1], profile_for))
    return tuple(planned)


def divided(whole: tuple[Segment, ...], share: Share) -> tuple[Segment, ...]:
    """The segments as one worker plays them: levels stay, because whose an arrival or a user is goes by its number."""
    if share == WHOLE:
        return whole
    for segment in whole:
        if segment.is_open and segment.max_in_flight < share.of:
            message = f"max_in_flight: {segment.max_in_flight} cannot be divided among {share.of} generator processes"
            raise LoadError(message, hint=f"Raise it to {share.of} or more, or use fewer processes.")
    return tuple(replace(segment, max_in_flight=share.part(segment.max_in_flight)) for segment in whole)


def _segment(index: int, stage: Stage, phase: Phase) -> Segment:
    level = stage.rate or stage.users
    assert level is not None  # the model refuses a stage without either
    return Segment(
        index=index,
        phase=phase,
        label=stage.label,
        is_open=stage.rate is not None,
        start=level.start,
        end=level.end,
        duration=stage.duration,
        iterations=stage.iterations,
        arrivals=stage.arrivals,
        max_in_flight=stage.max_in_flight or MOST_IN_FLIGHT,
        on_limit=stage.on_limit,
    )


def _last_level(last: Segment, duration: float) -> Segment:
    return Segment(
        index=last.index + 1,
        phase="profile",
        label="profile",
        is_open=last.is_open,
        start=last.end,
        end=last.end,
        duration=duration,
        iterations=None,
        arrivals=last.arrivals,
        max_in_flight=last.max_in_flight,
        on_limit=last.on_limit,
    )


def _shared_headers(http: Http, run_id: str) -> Mapping[str, str]:
    """What every request carries; operators of a target can tell, and block, a run by its User-Agent."""
    return {
        "User-Agent": f"perfkit/{VERSION} ({run_id})",
        "Accept-Encoding": OFFERED_ENCODINGS,
        "Accept": "*/*",
        **http.headers,
    }


def _flow(name: str, flow: Flow, shared: _Shared) -> FlowPlan:
    count = iter(range(1, 1 << 30))

    def step(item: Step) -> StepPlan:
        if isinstance(item, ThinkStep):
            return ThinkPlan(item.think)
        if isinstance(item, RepeatStep):
            return RepeatPlan(item.low, item.high, tuple(step(inner) for inner in item.steps))
        return _request(name, f"{name}[{next(count)}]", item, shared, item.auth or flow.auth)

    return FlowPlan(name, flow.weight, tuple(step(item) for item in flow.steps))


def _auth(name: str, auth: Auth, shared: _Shared, flows: tuple[str, ...]) -> AuthPlan:
    # A login carries no auth of its own: it would have to log in first.
    login = auth.login
    logins = {} if login is None else {flow: _request(flow, f"{name}.login", login, shared, None) for flow in flows}
    return AuthPlan(logins, tuple((key, compile_slot(value)) for key, value in auth.apply_headers.items()))


def _request(flow: str, place: str, step: RequestStep, shared: _Shared, auth: str | None) -> RequestPlan:
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
        expectation=_expectation(step.expect),
        extracts=tuple(_extract(name, extractor) for name, extractor in step.extract.items()),
        auth=auth,
    )


def _body(step: RequestStep) -> tuple[str, Callable[[Context], bytes] | None]:
    if step.json_body is not None:
        tree = compile_slot(step.json_body)
        return "application/json", _written(tree.is_constant, lambda context: _json(tree.render(context)))
    if step.form is not None:
        fields = [(name, compile_slot(value)) for name, value in step.form.items()]
        is_constant = all(slot.is_constant for _, slot in fields)
        return _FORM, _written(is_constant, lambda context: _form([(name, slot.render(context)) for name, slot in fields]))
    if step.body is not None:
        text = compile_slot(step.body)
        return "text/plain; charset=utf-8", _written(text.is_constant, lambda context: text_of(text.render(context)).encode())
    return "", None


def _written(is_constant: bool, body: Callable[[Context], bytes]) -> Callable[[Context], bytes]:
    """A body without holes is written once."""
    if not is_constant:
        return body
    content = body(Context(Random(0)))
    return lambda _: content


def _json(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _form(fields: Sequence[tuple[str, JsonValue]]) -> bytes:
    return urlencode([(name, text_of(value)) for name, value in fields]).encode()


def _expectation(expect: Expect) -> Expectation:
    return Expectation(
        status=None if expect.status is None else frozenset(expect.status),
        under=expect.under,
        headers=tuple((name, compile_slot(value).render) for name, value in expect.header.items()),
        json=tuple((path, compile_path(path), compile_slot(value).render) for path, value in expect.json.items()),
        contains=None if expect.contains is None else compile_slot(expect.contains).render,
    )


def _extract(name: str, extractor: Extractor) -> Extract:
    source = f"{extractor.engine} {extractor.expression}"
    at_random = extractor.pick == "random"
    if extractor.engine == "jsonpath":
        path = compile_path(extractor.expression)
        return Extract(name, source, by_jsonpath(path), at_random, path)
    return Extract(name, source, _FINDERS[extractor.engine](extractor.expression), at_random)


def _destination(scenario: Scenario) -> Destination:
    http = scenario.http
    base_url = scenario.target.base_url
    return destination(
        base_url,
        http.timeout,
        http.connect_timeout,
        _tls(http) if base_url.startswith("https:") else None,
        keepalive=http.keepalive,
        guard=scenario.guard,
    )


def _tls(http: Http, *, shows_certificate: bool = True) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=http.tls.ca)
        if not http.tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if http.tls.cert is not None and shows_certificate:
            context.load_cert_chain(http.tls.cert, http.tls.key)
    except (OSError, ssl.SSLError) as error:
        message = f"the certificates of http.tls cannot be used: {error}"
        raise LoadError(message, hint="Check the paths under http.tls.") from error
    return context
