"""What one kind of user does: requests, pauses and repeats, what they expect and what they extract."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass

from perfkit.scenario.extractors import Extractor, check_jsonpath
from perfkit.scenario.section import Section
from perfkit.scenario.templates import uninterpolated
from perfkit.scenario.think import ThinkTime
from perfkit.scenario.values import PositiveTime, Text, not_empty

VERBS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
KINDS_NOT_BUILT: Final = ("websocket", "sse", "parallel", "if", "while", "poll", "python")
# Unlike every key, so that a place in an error is never taken for one.
REQUEST: Final = "request-step"
THINK: Final = "think-step"
REPEAT: Final = "repeat-step"
_FIRST_STATUS: Final = 100
_LAST_STATUS: Final = 599
# As many as browsers follow: the limit of the fetch standard.
MOST_REDIRECTS: Final = 20
_BODIES: Final = ("json_body", "form", "body")
_MATCHERS: Final = frozenset({"min_length"})


# A pydantic dataclass, because BaseModel already has a method called `json`.
@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Expect:
    """What a good answer looks like; without `status`, every status below 400 is good."""

    status: tuple[int, ...] | None = None
    json: dict[str, JsonValue] = Field(default_factory=dict)
    under: PositiveTime | None = None
    header: dict[str, Text] = Field(default_factory=dict)
    contains: Text | None = None

    @field_validator("status", mode="before")
    @classmethod
    def _one_status_is_a_list_of_one(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("status")
    @classmethod
    def _is_a_status(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        wrong = [status for status in value or () if not _FIRST_STATUS <= status <= _LAST_STATUS]
        if wrong or value == ():
            raise ValueError(f"{wrong[0] if wrong else 'an empty list'} is not a status (try 200 or [200, 201])")
        return value

    @field_validator("json")
    @classmethod
    def _speaks_jsonpath(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for path, wanted in value.items():
            check_jsonpath(path)
            if isinstance(wanted, dict) and (not wanted or wanted.keys() - _MATCHERS):
                raise ValueError(f"{path}: {wanted!r} is not a value or {{min_length: 1}}")
            if isinstance(wanted, dict) and not _is_count(wanted["min_length"]):
                raise ValueError(f"{path}: min_length is a count (try 1)")
        return value


class RequestStep(Section):
    """One HTTP request; `url` is a path template below the target's base_url."""

    FILE_KEYS: ClassVar[tuple[str, ...]] = (
        *VERBS,
        "name",
        "headers",
        "params",
        "json",
        "form",
        "body",
        "expect",
        "extract",
        "auth",
        "redirects",
    )

    method: str
    url: str
    name: str | None = Field(default=None, min_length=1)
    headers: dict[str, Text] = Field(default_factory=dict)
    params: dict[str, JsonValue] = Field(default_factory=dict)
    json_body: JsonValue | None = Field(default=None, alias="json")
    form: dict[str, JsonValue] | None = None
    body: str | None = None
    expect: Expect = Expect()
    extract: dict[str, Extractor] = Field(default_factory=dict)
    auth: str | None = None
    redirects: int | None = Field(default=None, ge=0, le=MOST_REDIRECTS)

    @model_validator(mode="before")
    @classmethod
    def _verb_is_the_key(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "method" in value:
            return value
        verbs = [verb for verb in VERBS if verb in value]
        if len(verbs) != 1:
            raise ValueError(f"a request has one of {', '.join(VERBS)}, not {' and '.join(verbs) or 'none'}")
        rest = {key: item for key, item in value.items() if key != verbs[0]}
        return {"method": verbs[0].upper(), "url": value[verbs[0]], **rest}

    @field_validator("url")
    @classmethod
    def _stays_on_the_target(cls, url: str) -> str:
        # `//host/path` names another host too.
        if not url.startswith(("/", "${")) or url.startswith("//"):
            raise ValueError(f"{url!r} is not a path on the target (try '/{url.lstrip('/')}'); the host is target.base_url's")
        return url

    @model_validator(mode="after")
    def _has_one_body(self) -> Self:
        given = [name for name in _BODIES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"a request has one body, not {' and '.join('json' if name == 'json_body' else name for name in given)}"
            )
        return self


class ThinkStep(Section):
    """A pause between requests."""

    think: ThinkTime


def _end_of_range(which: int) -> Callable[[Any], Any]:
    """Reads one end of `3` or `1..3`."""

    def read(value: Any) -> Any:
        if isinstance(value, str):
            low, dots, high = value.partition("..")
            value = (low.strip(), (high if dots else low).strip())[which]
        if isinstance(value, bool) or not str(value).isdigit():
            raise ValueError(f"{value!r} is not a count (try 3 or '1..3')")
        return int(value)

    return read


class RepeatStep(Section):
    """Steps played between `low` and `high` times, drawn anew each time."""

    FILE_KEYS: ClassVar[tuple[str, ...]] = ("repeat", "steps")

    low: Annotated[int, BeforeValidator(_end_of_range(0))] = Field(ge=0)
    high: Annotated[int, BeforeValidator(_end_of_range(-1))]
    steps: Annotated[tuple["Step", ...], AfterValidator(not_empty)] = Field(json_schema_extra={"minItems": 1})

    @model_validator(mode="before")
    @classmethod
    def _range_is_text(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "repeat" not in value:
            return value
        rest = {key: item for key, item in value.items() if key != "repeat"}
        return {"low": value["repeat"], "high": value["repeat"], **rest}

    @field_validator("high")
    @classmethod
    def _low_comes_first(cls, high: int, info: ValidationInfo) -> int:
        low = info.data.get("low", 0)
        if low > high:
            raise ValueError(f"{low} is more than {high} (try '{high}..{low}')")
        return high


def kind_of(value: Any) -> str | None:
    """Which step a mapping of the file, or a step itself, is."""
    for kind, tag in ((RequestStep, REQUEST), (ThinkStep, THINK), (RepeatStep, REPEAT)):
        if isinstance(value, kind):
            return tag
    if not isinstance(value, dict):
        return None
    if "repeat" in value or "low" in value:
        return REPEAT
    if "think" in value:
        return THINK
    return REQUEST if "method" in value or any(verb in value for verb in VERBS) else None


Step: TypeAlias = Annotated[
    Annotated[RequestStep, Tag(REQUEST)] | Annotated[ThinkStep, Tag(THINK)] | Annotated[RepeatStep, Tag(REPEAT)],
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
    """Every request of a flow, those inside repeats too, in the order of the file."""
    found: list[RequestStep] = []
    for step in steps:
        if isinstance(step, RequestStep):
            found.append(step)
        elif isinstance(step, RepeatStep):
            found.extend(requests_of(step.steps))
    return tuple(found)


def step_name(step: RequestStep) -> str:
    """The step's name, else its method and un-interpolated path: `GET /products/{pid}`."""
    return step.name or f"{step.method} {uninterpolated(step.url)}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
