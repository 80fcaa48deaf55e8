"""Steps that hold more than one exchange on a connection of their own: a WebSocket, a stream of server-sent events."""

from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, JsonValue, Tag, field_validator, model_validator
from pydantic.dataclasses import dataclass

from perfkit.scenario.extractors import Extractor
from perfkit.scenario.repeat import Repeat
from perfkit.scenario.request import Expect, RequestStep, path_on_target, speaks_jsonpath
from perfkit.scenario.section import Section
from perfkit.scenario.templates import uninterpolated
from perfkit.scenario.think import ThinkTime
from perfkit.scenario.values import PositiveTime, Text, not_empty

# Unlike every key, as the kinds of step are.
MESSAGE: Final = "message-step"
PAUSE: Final = "pause-step"
REPEAT_MESSAGES: Final = "repeat-messages-step"
CLOSE: Final = "close-step"
NORMAL_CLOSURE: Final = 1000  # RFC 6455, 7.4.1
# Codes that a client may send: 1000, and what applications have agreed upon (RFC 6455, 7.4.2).
_OF_APPLICATIONS: Final = range(3000, 5000)
_SWITCHING: Final = 101
_OF_MESSAGES: Final = ("jsonpath", "regex")


class EventStream(RequestStep):
    """The request that opens a stream of server-sent events, and how many of these are read; then it is hung up."""

    FILE_KEYS: ClassVar[tuple[str, ...]] = (
        *(key for key in RequestStep.FILE_KEYS if key != "redirects"),
        "read",
        "event",
        "timeout",
    )

    read: int = Field(default=1, ge=1, le=1_000_000)
    event: str | None = Field(default=None, min_length=1)
    timeout: PositiveTime | None = None

    @field_validator("redirects")
    @classmethod
    def _stays_where_it_is(cls, value: int | None) -> int | None:
        if value:
            raise ValueError("redirects of an event stream are not followed (give the path that it leads to)")
        return value


class SseStep(Section):
    """A stream of server-sent events."""

    sse: EventStream


# A pydantic dataclass, because BaseModel already has a method called `json`.
@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class MessageExpect:
    """What a good message looks like; any is, when this is empty."""

    json: dict[str, JsonValue] = Field(default_factory=dict)
    under: PositiveTime | None = None
    contains: Text | None = None

    @field_validator("json")
    @classmethod
    def _speaks_jsonpath(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return speaks_jsonpath(value)


class MessageStep(Section):
    """A message that is sent, one that is waited for, or the one as the answer to the other."""

    send: JsonValue = None
    expect: MessageExpect | None = None
    extract: dict[str, Extractor] = Field(default_factory=dict)
    name: str | None = Field(default=None, min_length=1)
    others: Literal["fail", "skip"] = "fail"
    timeout: PositiveTime | None = None

    @property
    def is_awaited(self) -> bool:
        """A message has to come."""
        return self.expect is not None or bool(self.extract)

    @model_validator(mode="after")
    def _says_or_waits(self) -> Self:
        if self.send is None and not self.is_awaited:
            raise ValueError("a message is sent, expected or both (try 'send: hello' or 'expect: {contains: hello}')")
        if not self.is_awaited and (self.name or self.timeout or self.others != "fail"):
            raise ValueError("name, timeout and others belong to a message that is expected (add 'expect: {}')")
        return self

    @field_validator("extract")
    @classmethod
    def _messages_have_no_headers(cls, value: dict[str, Extractor]) -> dict[str, Extractor]:
        wrong = [extractor.engine for extractor in value.values() if extractor.engine not in _OF_MESSAGES]
        if wrong:
            raise ValueError(f"a message has no {wrong[0]} (one of {', '.join(_OF_MESSAGES)})")
        return value


class PauseStep(Section):
    """A pause between messages."""

    think: ThinkTime


class CloseStep(Section):
    """The end of the conversation, and its code; without this step it is 1000."""

    close: int

    @field_validator("close")
    @classmethod
    def _may_be_sent(cls, value: int) -> int:
        if value != NORMAL_CLOSURE and value not in _OF_APPLICATIONS:
            raise ValueError(f"{value} is not a code that a client may close with (1000, or 3000 to 4999)")
        return value


class RepeatMessages(Repeat):
    """Messages exchanged between `low` and `high` times, drawn anew each time."""

    steps: Annotated[tuple["ConversationStep", ...], AfterValidator(not_empty)] = Field(json_schema_extra={"minItems": 1})


_CLASSES: Final[dict[type, str]] = {
    MessageStep: MESSAGE,
    PauseStep: PAUSE,
    RepeatMessages: REPEAT_MESSAGES,
    CloseStep: CLOSE,
}


def part_of(value: Any) -> str | None:
    """Which step of a conversation a mapping of the file, or a step itself, is."""
    if not isinstance(value, dict):
        return _CLASSES.get(type(value))
    if "repeat" in value or "low" in value:
        return REPEAT_MESSAGES
    if "think" in value:
        return PAUSE
    if "close" in value:
        return CLOSE
    return MESSAGE if {"send", "expect", "extract"} & value.keys() else None


ConversationStep: TypeAlias = Annotated[
    Annotated[MessageStep, Tag(MESSAGE)]
    | Annotated[PauseStep, Tag(PAUSE)]
    | Annotated[RepeatMessages, Tag(REPEAT_MESSAGES)]
    | Annotated[CloseStep, Tag(CLOSE)],
    Discriminator(part_of, custom_error_type="unknown_part", custom_error_message="not a step of a conversation"),
]
RepeatMessages.model_rebuild()


class WebSocket(Section):
    """A WebSocket: its handshake, and what is said on it."""

    url: str
    name: str | None = Field(default=None, min_length=1)
    headers: dict[str, Text] = Field(default_factory=dict)
    params: dict[str, JsonValue] = Field(default_factory=dict)
    auth: str | None = None
    subprotocols: tuple[str, ...] = ()
    expect: Expect = Expect()
    timeout: PositiveTime | None = None
    steps: Annotated[tuple[ConversationStep, ...], AfterValidator(not_empty)] = Field(json_schema_extra={"minItems": 1})

    @field_validator("url")
    @classmethod
    def _stays_on_the_target(cls, url: str) -> str:
        return path_on_target(url)

    @field_validator("expect")
    @classmethod
    def _is_of_a_handshake(cls, value: Expect) -> Expect:
        if value.json or value.contains is not None:
            raise ValueError("a handshake has no body: `json` and `contains` are expected of messages")
        return value

    @field_validator("steps")
    @classmethod
    def _closes_last(cls, value: tuple[ConversationStep, ...]) -> tuple[ConversationStep, ...]:
        if any(isinstance(step, CloseStep) for step in _flat(value[:-1])) or (value and _closes_inside(value[-1])):
            raise ValueError("`close` is the last step of its conversation")
        return value

    def handshake(self) -> RequestStep:
        """The request that opens it."""
        expect = self.expect
        if expect.status is None:
            expect = Expect(status=(_SWITCHING,), under=expect.under, header=expect.header)
        return RequestStep(
            method="GET",
            url=self.url,
            name=self.name,
            headers=self.headers,
            params=self.params,
            expect=expect,
            auth=self.auth,
        )


class WebSocketStep(Section):
    """A WebSocket that is opened, talked on and closed."""

    websocket: WebSocket


def message_name(url: str, kind: str) -> str:
    """What a message or an event is called that has no name of its own: `MESSAGE /chat`."""
    return f"{kind} {uninterpolated(url)}"


def _flat(steps: tuple[ConversationStep, ...]) -> list[Any]:
    found: list[Any] = []
    for step in steps:
        found.extend(_flat(step.steps) if isinstance(step, RepeatMessages) else [step])
    return found


def _closes_inside(step: ConversationStep) -> bool:
    return isinstance(step, RepeatMessages) and any(isinstance(inner, CloseStep) for inner in _flat(step.steps))
