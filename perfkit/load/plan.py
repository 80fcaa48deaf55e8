"""What the generator plays, compiled once: the flows as steps ready to render, and the load as segments of time."""

import bisect
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from perfkit.evidence import Phase
from perfkit.load.arrivals import Spacing, offsets
from perfkit.load.destination import Destination
from perfkit.load.hops import Hops
from perfkit.load.jsonpath import Path
from perfkit.load.origins import Origins
from perfkit.load.reading import Extract
from perfkit.load.share import WHOLE, Share
from perfkit.load.slots import Render, Slot
from perfkit.scenario.context import Context
from perfkit.scenario.feeders import Feed
from perfkit.scenario.guard import Caps
from perfkit.scenario.model import OnLimit, Think

# How requests travel: it decides which client the virtual users have.
Transport: TypeAlias = Literal["http/1.1", "http/2", "conversations"]
Kind: TypeAlias = Literal["websocket", "sse"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a good answer of a step looks like."""

    status: frozenset[int] | None
    under: float | None
    headers: tuple[tuple[str, Render], ...]
    json: tuple[tuple[str, Path, Render], ...]
    contains: Render | None


@dataclass(frozen=True, slots=True, eq=False)
class RequestPlan:
    """One request of a flow, its templates compiled; each is itself and nothing else, so that looking one up costs nothing."""

    flow: str
    step: str  # "browse[2]"
    endpoint: str
    named: bool
    method: str
    url: Slot
    params: tuple[tuple[str, Slot], ...]
    shared_headers: tuple[tuple[str, Slot], ...]  # of the whole scenario
    headers: tuple[tuple[str, Slot], ...]  # of the step: they have the last word
    step_header: str
    content_type: str  # of the body; "" without one
    body: Callable[[Context], bytes] | None
    expectation: Expectation
    extracts: tuple[Extract, ...]
    auth: str | None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All that is looked at in the JSON of its answer."""
        extracted = [extract.path for extract in self.extracts if extract.path is not None]
        return (*(path for _, path, _ in self.expectation.json), *extracted)

    @property
    def reads_answer(self) -> bool:
        """More than its status is looked at."""
        expected = self.expectation
        return bool(self.extracts or expected.headers or expected.json or expected.contains)


@dataclass(frozen=True, slots=True, eq=False)
class FollowPlan(RequestPlan):
    """One whose redirects are followed, so many at most."""

    redirects: int
    hops: Hops = field(default_factory=Hops)


@dataclass(frozen=True, slots=True)
class ThinkPlan:
    pause: Think


@dataclass(frozen=True, slots=True)
class RepeatPlan:
    low: int
    high: int
    steps: "tuple[StepPlan, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class TurnPlan:
    """One exchange of a conversation: a message that is said, one that is awaited, or the one as the answer to the other."""

    request: RequestPlan  # as which it is on record, and what its answer must look like
    message: Callable[[Context], bytes] | None
    is_awaited: bool
    takes: RequestPlan | None  # messages that are not as it expects are passed over; None: the next one is the answer
    event: str | None  # of server-sent events: others are passed over
    timeout: float


@dataclass(frozen=True, slots=True, eq=False)
class ConversationPlan:
    """More than one exchange, in order, on a connection of their own."""

    kind: Kind
    opening: RequestPlan
    subprotocols: tuple[str, ...]
    event: str | None  # the one that the opening of an event stream waits for
    timeout: float  # of the opening
    steps: "tuple[StepPlan, ...]"
    code: int  # it is closed with


StepPlan: TypeAlias = RequestPlan | ThinkPlan | RepeatPlan | ConversationPlan | TurnPlan


@dataclass(frozen=True, slots=True)
class FlowPlan:
    name: str
    weight: float
    steps: tuple[StepPlan, ...]


@dataclass(frozen=True, slots=True)
class AuthPlan:
    logins: Mapping[str, RequestPlan]  # by flow: the login is on record as that flow's; empty without one
    headers: tuple[tuple[str, Slot], ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of load of one kind; levels are flow starts per second when it is open, users when it is closed."""

    index: int
    phase: Phase
    label: str
    is_open: bool
    start: float
    end: float
    duration: float | None
    iterations: int | None
    arrivals: Spacing
    max_in_flight: int
    on_limit: OnLimit


@dataclass(frozen=True, slots=True)
class Plan:
    flows: tuple[FlowPlan, ...]
    cumulative_weights: tuple[float, ...]
    auth: Mapping[str, AuthPlan]
    segments: tuple[Segment, ...]
    destination: Destination
    origins: Origins
    variables: Mapping[str, JsonValue]
    feeds: Mapping[str, Feed]
    seed: int
    caps: Caps
    share: Share = WHOLE  # what of it this process plays
    transport: Transport = "http/1.1"
    patience: float = math.inf  # the shortest time-out of a conversation

    def choose(self, source: Random) -> FlowPlan:
        """A flow by weight."""
        if len(self.flows) == 1:
            return self.flows[0]
        weights = self.cumulative_weights
        return self.flows[bisect.bisect_right(weights, source.random() * weights[-1], hi=len(weights) - 1)]


def most_users(segments: tuple[Segment, ...]) -> int:
    """The highest number that a user of a closed segment has."""
    return max((round(max(segment.start, segment.end)) for segment in segments if not segment.is_open), default=0)


def schedule(segment: Segment, seed: int) -> Iterator[float]:
    """When each arrival of an open segment is due: seconds after its start."""
    assert segment.duration is not None  # the model refuses iterations for a rate
    source = Random(f"{seed}:{segment.index}:arrivals")
    return offsets(segment.start, segment.end, segment.duration, segment.arrivals, source)


def duration_of(segments: tuple[Segment, ...], phase: Phase) -> float | None:
    """How long a phase lasts by the plan; None when it ends with its iterations."""
    durations = [segment.duration for segment in segments if segment.phase == phase]
    if any(duration is None for duration in durations):
        return None
    return sum(duration for duration in durations if duration is not None)


def outline(segments: tuple[Segment, ...]) -> dict[str, Any]:
    """The load lines with their times, for run.json and its charts."""
    lines: list[dict[str, Any]] = []
    at: float | None = 0.0
    for segment in segments:
        lines.append(
            {
                "phase": segment.phase,
                "label": segment.label,
                "kind": "rate" if segment.is_open else "users",
                "start": segment.start,
                "end": segment.end,
                "at": at,
                "duration": segment.duration,
                "iterations": segment.iterations,
            }
        )
        at = None if at is None or segment.duration is None else at + segment.duration
    return {"segments": lines}
