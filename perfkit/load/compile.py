"""From a scenario and one of its load profiles to the plan that the generator plays."""

import math
import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from perfkit.errors import LoadError
from perfkit.evidence import Phase
from perfkit.load.compile_conversation import STREAM_HEADERS, listening, patience, talking
from perfkit.load.compile_request import Shared, compile_request
from perfkit.load.destination import Destination, destination
from perfkit.load.origins import Origins
from perfkit.load.plan import AuthPlan, FlowPlan, Plan, RepeatPlan, Segment, StepPlan, ThinkPlan, Transport
from perfkit.load.responses import OFFERED_ENCODINGS
from perfkit.load.share import WHOLE, Share
from perfkit.load.slots import compile_slot
from perfkit.scenario import guard as guards
from perfkit.scenario.feeders import open_feed
from perfkit.scenario.guard import Caps
from perfkit.scenario.model import (
    HTTP2,
    Auth,
    Flow,
    Http,
    RepeatStep,
    Scenario,
    SseStep,
    Stage,
    Step,
    ThinkStep,
    WebSocketStep,
)
from perfkit.scenario.steps import holds_conversations
from perfkit.units import show_rate
from perfkit.version import VERSION

# Virtual users of an open load that gives no max_in_flight: enough to see a target stall, few enough for one process.
MOST_IN_FLIGHT: Final = 1000


def compile_plan(scenario: Scenario, profile: str, profile_for: float, run_id: str, share: Share = WHOLE) -> Plan:
    """The flows with their templates compiled and the load as segments; refuses what may not be fired at."""
    shared = Shared(_shared_headers(scenario.http, run_id), scenario.http.redirects, scenario.http.timeout)
    flows = [_flow(name, flow, shared) for name, flow in scenario.flows.items()]
    caps = guards.caps(scenario.guard, guards.host_of(scenario.target.base_url))
    planned = tuple(_capped(segment, caps) for segment in segments(scenario, profile, profile_for))
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
        caps=_part_of(caps, share),
        share=share,
        transport=_transport(scenario),
        patience=min((patience(flow.steps) for flow in flows), default=math.inf),
    )


def _transport(scenario: Scenario) -> Transport:
    if scenario.http.version == HTTP2:
        return "http/2"
    has_conversations = any(holds_conversations(flow.steps) for flow in scenario.flows.values())
    return "conversations" if has_conversations else "http/1.1"


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


def _capped(segment: Segment, caps: Caps) -> Segment:
    """A scenario from a file was checked there; nothing that was made in another way gets past the guard either."""
    highest = max(segment.start, segment.end)
    if highest > (caps.rate if segment.is_open else caps.users):
        key, shown = ("max_rate", show_rate(highest)) if segment.is_open else ("max_users", f"{highest:g} users")
        raise LoadError(f"{shown} are more than the guard allows", hint=f"Lower the load, or raise guard.{key} if that is meant.")
    return segment if segment.max_in_flight <= caps.users else replace(segment, max_in_flight=int(caps.users))


def _part_of(caps: Caps, share: Share) -> Caps:
    """One worker's part: together they keep to the whole."""
    if share == WHOLE:
        return caps
    users = caps.users if math.isinf(caps.users) else share.part(int(caps.users))
    if users < 1:
        message = f"guard.max_users: {caps.users:g} cannot be divided among {share.of} generator processes"
        raise LoadError(message, hint=f"Raise it to {share.of} or more, or use fewer processes.")
    return replace(caps, rate=caps.rate / share.of, users=users)


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


def _flow(name: str, flow: Flow, shared: Shared) -> FlowPlan:
    count = iter(range(1, 1 << 30))

    def step(item: Step) -> StepPlan:
        if isinstance(item, ThinkStep):
            return ThinkPlan(item.think)
        if isinstance(item, RepeatStep):
            return RepeatPlan(item.low, item.high, tuple(step(inner) for inner in item.steps))
        place = f"{name}[{next(count)}]"
        if isinstance(item, SseStep):
            headers = {**shared.headers, **STREAM_HEADERS}
            opening = compile_request(name, place, item.sse, Shared(headers, 0, shared.timeout), item.sse.auth or flow.auth)
            return listening(item.sse, opening, shared.timeout)
        if isinstance(item, WebSocketStep):
            handshake = item.websocket.handshake()
            opening = compile_request(name, place, handshake, Shared(shared.headers, 0, 0.0), handshake.auth or flow.auth)
            return talking(item.websocket, opening, shared.timeout)
        return compile_request(name, place, item, shared, item.auth or flow.auth)

    return FlowPlan(name, flow.weight, tuple(step(item) for item in flow.steps))


def _auth(name: str, auth: Auth, shared: Shared, flows: tuple[str, ...]) -> AuthPlan:
    # A login carries no auth of its own: it would have to log in first.
    login = auth.login
    logins = {} if login is None else {flow: compile_request(flow, f"{name}.login", login, shared, None) for flow in flows}
    return AuthPlan(logins, tuple((key, compile_slot(value)) for key, value in auth.apply_headers.items()))


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
        if http.version == HTTP2:
            # Both: a target that does not know h2 then says which one it speaks, and does not just hang up.
            context.set_alpn_protocols(["h2", "http/1.1"])
        if not http.tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if http.tls.cert is not None and shows_certificate:
            context.load_cert_chain(http.tls.cert, http.tls.key)
    except (OSError, ssl.SSLError) as error:
        message = f"the certificates of http.tls cannot be used: {error}"
        raise LoadError(message, hint="Check the paths under http.tls.") from error
    return context
