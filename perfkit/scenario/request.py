"""One HTTP request as a scenario writes it, and what a good answer looks like."""

from typing import Any, ClassVar, Final, Self

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator
from pydantic.dataclasses import dataclass

from perfkit.scenario.extractors import Extractor, check_jsonpath
from perfkit.scenario.section import Section
from perfkit.scenario.templates import uninterpolated
from perfkit.scenario.values import PositiveTime, Text

VERBS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
# As many as browsers follow: the limit of the fetch standard.
MOST_REDIRECTS: Final = 20
_FIRST_STATUS: Final = 100
_LAST_STATUS: Final = 599
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
        return speaks_jsonpath(value)


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
        return path_on_target(url)

    @model_validator(mode="after")
    def _has_one_body(self) -> Self:
        given = [name for name in _BODIES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"a request has one body, not {' and '.join('json' if name == 'json_body' else name for name in given)}"
            )
        return self


def step_name(step: RequestStep) -> str:
    """The step's name, else its method and un-interpolated path: `GET /products/{pid}`."""
    return step.name or f"{step.method} {uninterpolated(step.url)}"


def speaks_jsonpath(expected: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The values that are expected at JSONPaths; ValueError says what is wrong with one of them."""
    for path, wanted in expected.items():
        check_jsonpath(path)
        if isinstance(wanted, dict) and (not wanted or wanted.keys() - _MATCHERS):
            raise ValueError(f"{path}: {wanted!r} is not a value or {{min_length: 1}}")
        if isinstance(wanted, dict) and not _is_count(wanted["min_length"]):
            raise ValueError(f"{path}: min_length is a count (try 1)")
    return expected


def path_on_target(url: str) -> str:
    """A path template that stays on the target; `//host/path` names another host too."""
    if not url.startswith(("/", "${")) or url.startswith("//"):
        raise ValueError(f"{url!r} is not a path on the target (try '/{url.lstrip('/')}'); the host is target.base_url's")
    return url


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
