"""From a WebSocket or an event stream of a scenario to the turns that are taken on it."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Final

from pydantic import JsonValue

from perfkit.load.compile_request import as_json, compile_expectation, compile_extract, written
from perfkit.load.plan import ConversationPlan, Expectation, RepeatPlan, RequestPlan, StepPlan, ThinkPlan, TurnPlan
from perfkit.load.slots import compile_slot, text_of
from perfkit.scenario.context import Context
from perfkit.scenario.conversations import (
    NORMAL_CLOSURE,
    CloseStep,
    ConversationStep,
    EventStream,
    MessageExpect,
    MessageStep,
    PauseStep,
    RepeatMessages,
    WebSocket,
    message_name,
)
from perfkit.scenario.request import Expect

# What an event stream is asked for with: as a browser does, and not in an encoding that would hold events back.
STREAM_HEADERS: Final = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}


def listening(stream: EventStream, opening: RequestPlan, timeout: float) -> ConversationPlan:
    """The first event is the answer to the opening; what its body must look like, the last event must."""
    limit = stream.timeout or timeout
    whole = opening.expectation
    if stream.read > 1:
        head = dataclasses.replace(whole, json=(), contains=None)
        last = dataclasses.replace(whole, status=None, headers=())
        event = _turn_of(stream, opening, Expectation(None, whole.under, (), (), None), limit)
        final = dataclasses.replace(
            event, request=dataclasses.replace(event.request, expectation=last, extracts=opening.extracts)
        )
        opening = dataclasses.replace(opening, expectation=head, extracts=())
        steps: tuple[StepPlan, ...] = (*(event,) * (stream.read - 2), final)
    else:
        steps = ()
    return ConversationPlan("sse", opening, (), stream.event, limit, steps, NORMAL_CLOSURE)


def _turn_of(stream: EventStream, opening: RequestPlan, expected: Expectation, limit: float) -> TurnPlan:
    request = dataclasses.replace(
        opening,
        method="EVENT",
        endpoint=f"{stream.name} event" if stream.name else message_name(stream.url, "EVENT"),
        expectation=expected,
        extracts=(),
    )
    return TurnPlan(request, None, is_awaited=True, takes=None, event=stream.event, timeout=limit)


def talking(socket: WebSocket, opening: RequestPlan, timeout: float) -> ConversationPlan:
    """The handshake, and the messages after it."""
    limit = socket.timeout or timeout
    count = iter(range(1, 1 << 30))

    def step(item: ConversationStep) -> StepPlan:
        if isinstance(item, PauseStep):
            return ThinkPlan(item.think)
        if isinstance(item, RepeatMessages):
            return RepeatPlan(item.low, item.high, tuple(step(inner) for inner in item.steps))
        assert isinstance(item, MessageStep)  # the model lets nothing follow a close
        return _message(item, opening, f"{opening.step}.{next(count)}", message_name(socket.url, "MESSAGE"), limit)

    last = socket.steps[-1]
    code = last.close if isinstance(last, CloseStep) else NORMAL_CLOSURE
    steps = tuple(step(item) for item in socket.steps if not isinstance(item, CloseStep))
    return ConversationPlan("websocket", opening, socket.subprotocols, None, limit, steps, code)


def _message(item: MessageStep, opening: RequestPlan, place: str, endpoint: str, limit: float) -> TurnPlan:
    expected = _expectation(item.expect or MessageExpect())
    request = dataclasses.replace(
        opening,
        step=place,
        method="MESSAGE",
        endpoint=item.name or endpoint,
        named=item.name is not None,
        expectation=expected,
        extracts=tuple(compile_extract(name, extractor) for name, extractor in item.extract.items()),
    )
    likeness = dataclasses.replace(request, expectation=dataclasses.replace(expected, under=None), extracts=())
    takes = likeness if item.others == "skip" else None
    return TurnPlan(request, _written(item.send), item.is_awaited, takes, None, item.timeout or limit)


def _expectation(expect: MessageExpect) -> Expectation:
    return compile_expectation(Expect(json=expect.json, under=expect.under, contains=expect.contains))


def _written(value: JsonValue) -> Callable[[Context], bytes] | None:
    """A text is sent as it is, everything else as JSON."""
    if value is None:
        return None
    slot = compile_slot(value)
    if isinstance(value, str):
        return written(slot.is_constant, lambda context: text_of(slot.render(context)).encode())
    return written(slot.is_constant, lambda context: as_json(slot.render(context)))


def patience(steps: Iterable[StepPlan]) -> float:
    """The shortest time-out of the conversations among the steps."""
    shortest = math.inf
    for step in steps:
        if isinstance(step, TurnPlan | ConversationPlan):
            shortest = min(shortest, step.timeout)
        if isinstance(step, RepeatPlan | ConversationPlan):
            shortest = min(shortest, patience(step.steps))
    return shortest
