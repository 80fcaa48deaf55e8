"""What one kind of user does: requests, conversations, pauses and repeats."""

from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from perfkit.scenario.conversations import SseStep, WebSocketStep
from perfkit.scenario.repeat import Repeat
from perfkit.scenario.request import VERBS, RequestStep
from perfkit.scenario.section import Section
from perfkit.scenario.think import ThinkTime
from perfkit.scenario.values import not_empty

KINDS_NOT_BUILT: Final = ("parallel", "if", "while", "poll", "python")
# Unlike every key, so that a place in an error is never taken for one.
REQUEST: Final = "request-step"
THINK: Final = "think-step"
REPEAT: Final = "repeat-step"
WEBSOCKET: Final = "websocket-step"
SSE: Final = "sse-step"


class ThinkStep(Section):
    """A pause between requests."""

    think: ThinkTime


class RepeatStep(Repeat):
    """Steps played between `low` and `high` times, drawn anew each time."""

    steps: Annotated[tuple["Step", ...], AfterValidator(not_empty)] = Field(json_schema_extra={"minItems": 1})


_CLASSES: Final[dict[type, str]] = {
    RequestStep: REQUEST,
    ThinkStep: THINK,
    RepeatStep: REPEAT,
    WebSocketStep: WEBSOCKET,
    SseStep: SSE,
}


def kind_of(value: Any) -> str | None:
    """Which step a mapping of the file, or a step itself, is."""
    if not isinstance(value, dict):
        return _CLASSES.get(type(value))
    if "repeat" in value or "low" in value:
        return REPEAT
    for key, kind in (("think", THINK), ("websocket", WEBSOCKET), ("sse", SSE)):
        if key in value:
            return kind
    return REQUEST if "method" in value or any(verb in value for verb in VERBS) else None


Step: TypeAlias = Annotated[
    Annotated[RequestStep, Tag(REQUEST)]
    | Annotated[ThinkStep, Tag(THINK)]
    | Annotated[RepeatStep, Tag(REPEAT)]
    | Annotated[WebSocketStep, Tag(WEBSOCKET)]
    | Annotated[SseStep, Tag(SSE)],
    Discriminator(kind_of, custom_error_type="unknown_step", custom_error_message="not a step"),
]
RepeatStep.model_rebuild()


class Flow(Section):
    """One kind of user: the steps of one iteration, and how many of the users are like that."""

    NOT_BUILT: ClassVar[frozenset[str]] = frozenset({"transaction"})

    weight: int | float = Field(default=1, gt=0, allow_inf_nan=False, json_schema_extra={"exclusiveMinimum": 0})
    auth: str | None = None
    steps: Annotated[tuple[Step, ...], AfterValidator(not_empty)] = Field(json_schema_extra={"minItems": 1})

    @model_validator(mode="before")
    @classmethod
    def _a_list_is_its_steps(cls, value: Any) -> Any:
        return {"steps": value} if isinstance(value, list) else value

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not any(True for _ in requests_of(self.steps)):
            raise ValueError("a flow has at least one request")
        return self


def requests_of(steps: tuple[Step, ...]) -> tuple[RequestStep, ...]:
    """Every request of a flow, those inside repeats and those that open a conversation too, in the order of the file."""
    found: list[RequestStep] = []
    for step in steps:
        if isinstance(step, RequestStep):
            found.append(step)
        elif isinstance(step, RepeatStep):
            found.extend(requests_of(step.steps))
        elif isinstance(step, WebSocketStep):
            found.append(step.websocket.handshake())
        elif isinstance(step, SseStep):
            found.append(step.sse)
    return tuple(found)


def holds_conversations(steps: tuple[Step, ...]) -> bool:
    """A WebSocket or an event stream is among the steps."""
    return any(
        isinstance(step, WebSocketStep | SseStep) or (isinstance(step, RepeatStep) and holds_conversations(step.steps))
        for step in steps
    )
