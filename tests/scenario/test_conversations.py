"""WebSockets and event streams in a scenario file: what they become, and how their faults are told."""

from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from perfkit.errors import ScenarioError
from perfkit.scenario.conversations import CloseStep, MessageStep, RepeatMessages, SseStep, WebSocketStep
from perfkit.scenario.model import Scenario
from perfkit.scenario.parse import parse
from perfkit.scenario.resolved import resolved
from perfkit.scenario.schema import schema

Write = Callable[[str], Path]
FULL = """
perfkit: 1
target: http://127.0.0.1:8000
auth: {key: {apply: {header: {X-Key: "${secret.KEY}"}}}}
flows:
  talk:
    - websocket:
        url: /chat/${user.id}
        auth: key
        subprotocols: [v1]
        timeout: 5s
        steps:
          - {send: {password: hunter2}, expect: {json: {$.ok: true}, under: 1s}, extract: {room: $.room}}
          - think: 10ms
          - repeat: 1..3
            steps:
              - {send: "to ${room}", expect: {contains: "${room}"}, others: skip, name: say}
          - close: 3001
    - sse: {post: "/events?room=${room}", json: {a: 1}, read: 3, event: tick, timeout: 2s, extract: {last: $.n}}
    - get: /rooms/${room}/${last}
load: [{users: 1, iterations: 1}]
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "scenario.yaml"
        path.write_text(text)
        return path

    return written


def test_a_conversation_is_read_and_what_it_extracts_is_known_to_later_steps(write: Write) -> None:
    talk, stream, _ = parse(write(FULL)).flows["talk"].steps

    assert isinstance(talk, WebSocketStep)
    first, _, repeated, last = talk.websocket.steps
    assert isinstance(first, MessageStep)
    assert first.is_awaited
    assert isinstance(repeated, RepeatMessages)
    assert (repeated.low, repeated.high) == (1, 3)
    assert last == CloseStep(close=3001)
    assert talk.websocket.handshake().expect.status == (101,)
    assert isinstance(stream, SseStep)
    assert (stream.sse.method, stream.sse.read, stream.sse.event, stream.sse.timeout) == ("POST", 3, "tick", 2.0)


def test_what_a_run_keeps_of_it_is_still_a_scenario_and_holds_no_secret(write: Write) -> None:
    kept = resolved(parse(write(FULL)))

    assert Scenario.model_validate(kept).flows.keys() == {"talk"}


def test_the_schema_takes_it() -> None:
    jsonschema.validate(yaml.safe_load(FULL), schema())


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("url: /chat/${user.id}", "connect: /chat", "websocket.connect: unknown key"),
        ("url: /chat/${user.id}", "url: ws://elsewhere/", "is not a path on the target"),
        ("- close: 3001", "- close: 1006", "1006 is not a code that a client may close with (1000, or 3000 to 4999)"),
        ("- think: 10ms", "- close: 1000", "`close` is the last step of its conversation"),
        ("- think: 10ms", "- get: /x", "'get' is not a kind of step of a conversation"),
        ("- think: 10ms", "- hello", "'hello' is not a step of a conversation"),
        ("- think: 10ms", "- {send: x, timeout: 1s}", "belong to a message that is expected"),
        ("- think: 10ms", "- {expect: {status: 200}}", "expect.status: unknown key"),
        ("- think: 10ms", '- {extract: {a: "header:X"}}', "a message has no header (one of jsonpath, regex)"),
        ("- think: 10ms", '- {send: "${nothing}"}', "${nothing} is not defined here"),
        ("others: skip", "others: ignore", "'ignore' is not one of 'fail' or 'skip'"),
        ("subprotocols: [v1]", "expect: {contains: x}", "a handshake has no body"),
        ("auth: key", "auth: kye", "there is no auth 'kye' (did you mean 'key'?)"),
        ("read: 3", "read: 0", "sse.read: 0 must be at least 1"),
        ("event: tick", "evnet: tick", "sse.evnet: unknown key (did you mean 'event'?)"),
        ("timeout: 2s", "timeout: 2", "2 is not a duration"),
        ("timeout: 2s", "redirects: 2", "sse.redirects: redirects of an event stream are not followed"),
        ("load:", "http: {version: 2}\nload:", "`websocket` and `sse` steps over HTTP/2 are not built yet"),
    ],
)
def test_a_fault_is_told_with_its_place(write: Write, old: str, new: str, fault: str) -> None:
    assert old in FULL

    with pytest.raises(ScenarioError) as raised:
        parse(write(FULL.replace(old, new, 1)))

    assert any(fault in str(problem) for problem in raised.value.problems), raised.value.problems
