"""From a scenario and one of its load profiles to the plan that the generator plays."""

import json
import ssl
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

from pydantic import JsonValue

from perfkit.errors import LoadError
from perfkit.evidence import Phase
from perfkit.load.jsonpath import compile_path
from perfkit.load.plan import AuthPlan, Expectation, FlowPlan, Plan, Render, RepeatPlan, RequestPlan, Segment, StepPlan, ThinkPlan
from perfkit.load.reading import Extract, Find, by_cookie, by_header, by_jsonpath, by_regex
from perfkit.load.responses import OFFERED_ENCODINGS
from perfkit.load.transport import Destination, destination
from perfkit.scenario.context import Context
from perfkit.scenario.feeders import open_feed
from perfkit.scenario.model import Auth, Expect, Extractor, Flow, Http, RepeatStep, RequestStep, Scenario, Stage, Step, ThinkStep
from perfkit.scenario.steps import step_name
from perfkit.scenario.templates import compile_tree, show
from perfkit.version import VERSION

# Virtual users of an open load that gives no max_in_flight: enough to see a target stall, few enough for one process.
MOST_IN_FLIGHT: Final = 1000

_FORM: Final = "application/x-www-form-urlencoded"
_FINDERS: Final[Mapping[str, Callable[[str], Find]]] = {
    "jsonpath": lambda expression: by_jsonpath(compile_path(expression)),
    "header": by_header,
    "cookie": by_cookie,
    "regex": by_regex,
}


def compile_plan(scenario: Scenario, profile: str, profile_for: float, run_id: str) -> Plan:
    """The flows with their templates compiled and the load as segments; refuses what may not be fired at."""
    headers = _shared_headers(scenario.http, run_id)
    flows = [_flow(name, flow, headers) for name, flow in scenario.flows.items()]
    return Plan(
        flows=tuple(flows),
        cumulative_weights=tuple(sum(flow.weight for flow in flows[: count + 1]) for count in range(len(flows))),
        auth={name: _auth(name, auth, headers) for name, auth in scenario.auth.items()},
        segments=segments(scenario, profile, profile_for),
        destination=_destination(scenario),
        variables=scenario.vars,
        feeds={name: open_feed(feeder) for name, feeder in scenario.data.items()},
        seed=scenario.seed,
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


def _flow(name: str, flow: Flow, headers: Mapping[str, str]) -> FlowPlan:
    count = iter(range(1, 1 << 30))

    def step(item: Step) -> StepPlan:
        if isinstance(item, ThinkStep):
            return ThinkPlan(item.think)
        if isinstance(item, RepeatStep):
            return RepeatPlan(item.low, item.high, tuple(step(inner) for inner in item.steps))
        return _request(name, f"{name}[{next(count)}]", item, headers, item.auth or flow.auth)

    return FlowPlan(name, flow.weight, tuple(step(item) for item in flow.steps))


def _auth(name: str, auth: Auth, headers: Mapping[str, str]) -> AuthPlan:
    # A login carries no auth of its own: it would have to log in first.
    login = None if auth.login is None else _request("", f"{name}.login", auth.login, headers, None)
    return AuthPlan(login, tuple((key, _render(value)) for key, value in auth.apply_headers.items()))


def _request(flow: str, place: str, step: RequestStep, headers: Mapping[str, str], auth: str | None) -> RequestPlan:
    endpoint = step_name(step)
    content_type, body = _body(step)
    return RequestPlan(
        flow=flow,
        step=place,
        endpoint=endpoint,
        named=step.name is not None,
        method=step.method,
        url=_render(step.url),
        params=tuple((name, _render(value)) for name, value in step.params.items()),
        shared_headers=tuple((name, _render(value)) for name, value in headers.items()),
        headers=tuple((name, _render(value)) for name, value in step.headers.items()),
        step_header=quote(endpoint, safe=""),
        content_type=content_type,
        body=body,
        expectation=_expectation(step.expect),
        extracts=tuple(_extract(name, extractor) for name, extractor in step.extract.items()),
        auth=auth,
    )


def _body(step: RequestStep) -> tuple[str, Callable[[Context], bytes] | None]:
    if step.json_body is not None:
        tree = _render(step.json_body)
        return "application/json", lambda context: json.dumps(tree(context), ensure_ascii=False).encode()
    if step.form is not None:
        fields = [(name, _render(value)) for name, value in step.form.items()]
        return _FORM, lambda context: urlencode([(name, show(render(context))) for name, render in fields]).encode()
    if step.body is not None:
        text = _render(step.body)
        return "text/plain; charset=utf-8", lambda context: show(text(context)).encode()
    return "", None


def _expectation(expect: Expect) -> Expectation:
    return Expectation(
        status=None if expect.status is None else frozenset(expect.status),
        under=expect.under,
        headers=tuple((name, _render(value)) for name, value in expect.header.items()),
        json=tuple((path, compile_path(path), _render(value)) for path, value in expect.json.items()),
        contains=None if expect.contains is None else _render(expect.contains),
    )


def _extract(name: str, extractor: Extractor) -> Extract:
    finder = _FINDERS[extractor.engine]
    return Extract(name, f"{extractor.engine} {extractor.expression}", finder(extractor.expression), extractor.pick == "random")


def _render(value: JsonValue) -> Render:
    tree = compile_tree(value)
    if not tree.names and not isinstance(value, dict | list) and "${" not in str(value):
        return lambda _: value
    return tree.render


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


def _tls(http: Http) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=http.tls.ca)
        if not http.tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if http.tls.cert is not None:
            context.load_cert_chain(http.tls.cert, http.tls.key)
    except (OSError, ssl.SSLError) as error:
        message = f"the certificates of http.tls cannot be used: {error}"
        raise LoadError(message, hint="Check the paths under http.tls.") from error
    return context
