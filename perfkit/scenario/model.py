"""A scenario as values: what to load, how users behave, how hard, and what is good enough."""

import re
import signal
from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, JsonValue, PrivateAttr, ValidationInfo, field_validator, model_validator

from perfkit.scenario.address import checked
from perfkit.scenario.capacity import Capacity
from perfkit.scenario.comparison import Compare
from perfkit.scenario.conversations import SseStep, WebSocketStep
from perfkit.scenario.extractors import Extractor
from perfkit.scenario.objectives import Conditions, Objective, Slo
from perfkit.scenario.profiling import CallTrees, MemoryOptions, Profiling, Queries, Stacks
from perfkit.scenario.request import MOST_REDIRECTS, Expect, RequestStep
from perfkit.scenario.section import Section
from perfkit.scenario.stages import Arrivals, OnLimit, Ramp, Stage, Stages
from perfkit.scenario.steps import Flow, RepeatStep, Step, ThinkStep, holds_conversations, requests_of
from perfkit.scenario.think import Think
from perfkit.scenario.values import FOLDER, Cores, FilePath, PositiveTime, Rate, Text, Time, is_from_file, not_empty

__all__ = [
    "HTTP1",
    "HTTP2",
    "Arrivals",
    "Auth",
    "CallTrees",
    "Capacity",
    "Compare",
    "Expect",
    "Extractor",
    "Feeder",
    "Flow",
    "Generator",
    "Guard",
    "Http",
    "Launch",
    "MemoryOptions",
    "Objective",
    "OnLimit",
    "Profiling",
    "Queries",
    "Ramp",
    "Ready",
    "RepeatStep",
    "RequestStep",
    "Scenario",
    "Slo",
    "SseStep",
    "Stacks",
    "Stage",
    "Step",
    "Stop",
    "TargetSpec",
    "Think",
    "ThinkStep",
    "Tls",
    "WebSocketStep",
    "requests_of",
]

SMOKE: Final = "smoke"
HTTP1: Final = "1.1"
HTTP2: Final = "2"
DEFAULT_PROFILE: Final = "default"
# Nobody watches a load for longer than a day: what goes on after that was forgotten.
DEFAULT_MAX_DURATION: Final = 86_400.0
# More than any machine has use for: each has a core of its own at full load.
MOST_PROCESSES: Final = 128
_SIGNALS: Final = tuple(item.name.removeprefix("SIG") for item in signal.Signals)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
Pick: TypeAlias = Literal["sequential", "random", "unique_per_user"]


class Ready(Section):
    """When the started target counts as up: this path answers with this status (without one: any below 500)."""

    http: str = Field(default="/", pattern="^/")
    status: int | None = Field(default=None, ge=100, le=599)
    timeout: PositiveTime = 30.0


class Stop(Section):
    """How the started target is ended: the signal, and how long it may take before it is killed."""

    signal: str = "TERM"
    grace: Time = 10.0

    @field_validator("signal")
    @classmethod
    def _exists(cls, value: str) -> str:
        name = value.upper().removeprefix("SIG")
        if name not in _SIGNALS:
            raise ValueError(f"{value!r} is not a signal (try TERM or INT)")
        return name


class Launch(Section):
    """How perfkit starts the target itself."""

    command: Annotated[tuple[Text, ...], AfterValidator(not_empty)] = Field(json_schema_extra={"minItems": 1})
    # In a file: the file's own folder.
    cwd: FilePath | None = Field(default=None, validate_default=True)
    env: dict[str, Text] = Field(default_factory=dict)
    before: tuple[tuple[Text, ...], ...] = ()
    ready: Ready = Ready()
    stop: Stop = Stop()

    @field_validator("cwd", mode="before")
    @classmethod
    def _starts_beside_the_file(cls, value: Any, info: ValidationInfo) -> Any:
        return "." if value is None and is_from_file(info) else value

    @field_validator("before", mode="before")
    @classmethod
    def _one_command_is_a_list_of_one(cls, value: Any) -> Any:
        is_one = isinstance(value, list) and value and not any(isinstance(item, list | tuple) for item in value)
        return [value] if is_one else value


class TargetSpec(Section):
    """The service under test: where it answers, and how it is started when perfkit starts it."""

    base_url: str
    launch: Launch | None = None
    cores: Cores | None = None

    @model_validator(mode="before")
    @classmethod
    def _text_is_its_url(cls, value: Any) -> Any:
        return {"base_url": value} if isinstance(value, str) else value

    @field_validator("base_url")
    @classmethod
    def _is_a_url(cls, value: str, info: ValidationInfo) -> str:
        context: Any = info.context
        folder = context.get(FOLDER) if isinstance(context, dict) else None
        return checked(value, folder)


class Guard(Section):
    """What perfkit may fire at, how hard and how long at most, and when it stops of itself."""

    allow_hosts: tuple[str, ...] = ()
    max_rate: Rate | None = None
    max_users: int | None = Field(default=None, ge=1)
    max_duration: PositiveTime = DEFAULT_MAX_DURATION
    stop_if: Conditions = ()
    # No key of the file: what --i-own-this-target said. Redirects are asked of the guard while the load runs.
    _is_owned: bool = PrivateAttr(default=False)

    @property
    def is_owned(self) -> bool:
        return self._is_owned

    def as_owned(self) -> Self:
        copy = self.model_copy()
        copy._is_owned = True  # noqa: SLF001  it is one of us
        return copy


class Tls(Section):
    """Certificates are checked unless the file says otherwise."""

    verify: bool = True
    ca: FilePath | None = None
    cert: FilePath | None = None
    key: FilePath | None = None


class Http(Section):
    """What all requests share; `redirects` says how many of a row are followed."""

    timeout: PositiveTime = 30.0
    connect_timeout: PositiveTime = 5.0
    keepalive: bool = True
    version: str = HTTP1
    headers: dict[str, Text] = Field(default_factory=dict)
    tls: Tls = Tls()
    redirects: int = Field(default=0, ge=0, le=MOST_REDIRECTS)

    @field_validator("version", mode="before")
    @classmethod
    def _is_the_one_we_speak(cls, value: Any) -> str:
        if str(value) not in {HTTP1, HTTP2, "2.0"}:
            raise ValueError(f"HTTP {value} is not built yet (only 1.1 and 2)")
        return HTTP1 if str(value) == HTTP1 else HTTP2


class Feeder(Section):
    """Rows of a CSV file, one at a time; `weight` names the column that says how often a random row comes."""

    NOT_BUILT: ClassVar[frozenset[str]] = frozenset({"python"})

    csv: FilePath
    pick: Pick = "sequential"
    weight: str | None = None
    on_exhausted: Literal["recycle", "stop_user"] = "recycle"

    @model_validator(mode="after")
    def _weighs_only_random_rows(self) -> Self:
        if self.weight is not None and self.pick != "random":
            raise ValueError(f"weight belongs to `pick: random`, not to {self.pick}")
        return self


class Auth(Section):
    """How a virtual user logs in, once, and what its requests carry afterwards."""

    NOT_BUILT: ClassVar[frozenset[str]] = frozenset({"refresh", "python"})

    login: RequestStep | None = None
    apply_headers: dict[str, Text] = Field(default_factory=dict, alias="apply")

    @field_validator("apply_headers", mode="before")
    @classmethod
    def _headers_are_applied(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("header"), dict):
            return value
        others = sorted(value.keys() - {"header"})
        if others:
            raise ValueError(f"{others[0]!r} is not a way to apply auth (try 'header: {{Authorization: ...}}')")
        return value["header"]


class Generator(Section):
    """The processes that make the load: its work is divided among them, and is the same work."""

    processes: int = Field(default=1, ge=1, le=MOST_PROCESSES)
    cores: Cores | None = None


class Scenario(Section):
    """The whole file."""

    NOT_BUILT: ClassVar[frozenset[str]] = frozenset({"invariants"})
    FILE_KEYS: ClassVar[tuple[str, ...]] = (
        *("perfkit", "name", "target", "guard", "vars", "data", "auth", "http", "get", "flows", "load"),
        *("slo", "compare", "capacity", "profiling", "generator", "environment", "seed"),
    )

    perfkit: Literal[1]
    name: str = Field(default="scenario", min_length=1)
    target: TargetSpec
    guard: Guard = Guard()
    vars: dict[str, JsonValue] = Field(default_factory=dict)
    data: dict[str, Feeder] = Field(default_factory=dict)
    auth: dict[str, Auth] = Field(default_factory=dict)
    http: Http = Http()
    flows: Annotated[dict[str, Flow], AfterValidator(not_empty)] = Field(json_schema_extra={"minProperties": 1})
    load: Annotated[dict[str, Stages], AfterValidator(not_empty)] = Field(json_schema_extra={"minProperties": 1})
    slo: Slo = Slo()
    compare: Compare = Compare()
    capacity: Capacity = Capacity()
    profiling: Profiling = Profiling()
    generator: Generator = Generator()
    environment: str = "unknown"
    seed: int = Field(default=0, ge=0)

    def default_load(self) -> str:
        """The profile that runs when none is asked for: the first that is not `smoke`."""
        return next((name for name in self.load if name != SMOKE), SMOKE)

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        long = dict(value)
        if isinstance(long.get("load"), list):
            long["load"] = {DEFAULT_PROFILE: long["load"]}
        if "get" in long:
            if "flows" in long:
                raise ValueError("`get` is the short form of `flows`: give one of them")
            long["flows"] = _flows_of(long.pop("get"))
        return long

    @model_validator(mode="after")
    def _conversations_are_of_version_1(self) -> Self:
        if self.http.version == HTTP2 and any(holds_conversations(flow.steps) for flow in self.flows.values()):
            raise ValueError("`websocket` and `sse` steps over HTTP/2 are not built yet (set http.version to 1.1)")
        return self

    @model_validator(mode="after")
    def _open_profiles_drop_nothing(self) -> Self:
        if any(stage.is_open for stages in self.load.values() for stage in stages):
            object.__setattr__(self, "slo", self.slo.with_nothing_dropped())
        return self


def _flows_of(paths: Any) -> Any:
    """One flow per path, so that a rate is a rate of requests."""
    listed = [paths] if isinstance(paths, str) else paths
    if not isinstance(listed, list) or not listed or not all(isinstance(path, str) for path in listed):
        raise ValueError("`get` is a list of paths (try [/products, /products/7])")
    return {f"GET {path}": {"weight": listed.count(path), "steps": [{"get": path}]} for path in listed}
