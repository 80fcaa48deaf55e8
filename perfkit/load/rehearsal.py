"""A plan as it is played against the null responder: the same requests and checks, flat out, and nothing that could end early.

What a step should extract is looked for and need not be there; feeders begin again; nobody pauses. The requests' bytes are the
scenario's own, so that writing them and reading what comes back costs what it will cost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from pydantic import JsonValue

from perfkit.evidence import Phase
from perfkit.load.destination import Destination, destination
from perfkit.load.plan import AuthPlan, Expectation, Plan, RepeatPlan, RequestPlan, Segment, StepPlan
from perfkit.load.reading import Find, Reading
from perfkit.scenario.feeders import Exhausted, Feed, Row

# Two seconds in all: the first answers of every connection are slower, so they are not counted.
WARM_UP: Final = 0.3
MEASURED: Final = 1.7
# So many that none of them waits for the responder while another could send.
USERS: Final = 16
# What takes the place of a value that no answer holds.
_VALUE: Final = "calibration"
_ANSWERED: Final = frozenset({200})
_NOTHING: Final = Expectation(status=None, under=None, headers=(), json=(), contains=None)


def rehearsed(plan: Plan, port: int) -> Plan:
    """The plan against the responder at a port of this machine."""
    flows = tuple(replace(flow, steps=_steps(flow.steps)) for flow in plan.flows)
    kept = tuple(flow for flow in flows if flow.steps)
    return replace(
        plan,
        flows=kept,
        cumulative_weights=tuple(sum(flow.weight for flow in kept[: count + 1]) for count in range(len(kept))),
        auth={name: _auth(auth) for name, auth in plan.auth.items()},
        segments=(_segment(plan.segments[0], 0, "warm-up", WARM_UP), _segment(plan.segments[0], 1, "measure", MEASURED)),
        destination=_destination(plan.destination, port),
        feeds={name: Endless(feed) for name, feed in plan.feeds.items()},
    )


class Endless(Feed):
    """Hands out a feeder's rows, and those that it has handed out once more when there are no others."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._seen: list[Row] = []

    def row(self, user: int, source: Random) -> Row:
        try:
            row = self._feed.row(user, source)
        except Exhausted:
            return source.choice(self._seen)
        self._seen.append(row)
        return row


def _destination(target: Destination, port: int) -> Destination:
    """Made anew, so that nothing of the way to the target is left: only what stands in the requests."""
    responder = destination(
        f"http://127.0.0.1:{port}{target.prefix}", target.timeout, target.connect_timeout, None, keepalive=target.keepalive
    )
    return replace(responder, authority=target.authority)


def _steps(steps: tuple[StepPlan, ...]) -> tuple[StepPlan, ...]:
    found: list[StepPlan] = []
    for step in steps:
        if isinstance(step, RequestPlan):
            found.append(_request(step))
        elif isinstance(step, RepeatPlan) and (inner := _steps(step.steps)):
            found.append(replace(step, steps=inner))
    return tuple(found)


def _request(step: RequestPlan) -> RequestPlan:
    expected = step.expectation
    return replace(
        step,
        expectation=replace(expected, status=None if expected.status is None else _ANSWERED),
        extracts=tuple(replace(extract, find=_or_something(extract.find)) for extract in step.extracts),
    )


def _auth(auth: AuthPlan) -> AuthPlan:
    """A log-in succeeds whatever comes back: without it there would be no flow."""
    logins: Mapping[str, RequestPlan] = {
        flow: replace(_request(login), expectation=_NOTHING) for flow, login in auth.logins.items()
    }
    return replace(auth, logins=logins)


def _or_something(find: Find) -> Find:
    def found(reading: Reading) -> Sequence[JsonValue]:
        try:
            return find(reading) or (_VALUE,)
        except ValueError:
            return (_VALUE,)

    return found


def _segment(first: Segment, index: int, phase: Phase, duration: float) -> Segment:
    return replace(
        first, index=index, phase=phase, label="", is_open=False, start=USERS, end=USERS, duration=duration, iterations=None
    )
