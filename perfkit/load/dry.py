"""One user, each flow once, written down as a transcript: what `perfkit check` shows before any load is made."""

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from pydantic import JsonValue

from perfkit.load.compile import compile_plan
from perfkit.load.plan import FlowPlan
from perfkit.load.play import Outcome, Player
from perfkit.load.transport import SocketTransport
from perfkit.scenario.feeders import Exhausted
from perfkit.scenario.model import Scenario
from perfkit.scenario.secrets import MASK, is_sensitive, mask, mask_text

RUN_ID: Final = "check"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of the transcript and what came of it; nothing in it is secret."""

    flow: str
    step: str
    method: str
    url: str
    status: int  # 0 when no answer came
    time: float  # from sending to the last byte
    bytes: int
    extracted: Mapping[str, JsonValue]
    problem: str  # "" when all is as expected


class _Skipping:
    """Time in which nobody has to wait: pauses pass at once, and the clock with them."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def now(self) -> float:
        return time.monotonic() + self._skipped

    def wait_until(self, due: float) -> None:
        self._skipped += max(due - self.now(), 0.0)

    def check(self) -> None:
        """Nothing ends a dry run early."""


class _Transcript:
    def __init__(self, base_url: str) -> None:
        self.exchanges: list[Exchange] = []
        self._base_url = base_url

    def due(self, at: float, /) -> None:
        """Only outcomes are shown."""

    def left(self, due: float, /) -> None:
        """Only outcomes are shown."""

    def ended(self, outcome: Outcome, /) -> None:
        answer = outcome.answer
        request = outcome.request
        problem = mask_text(": ".join(filter(None, [outcome.error, outcome.problem])))
        self.exchanges.append(
            Exchange(
                flow=request.flow,
                step=request.step,
                method=request.method,
                url=mask_text(self._base_url + outcome.path),
                status=answer.status,
                time=answer.finished_at - answer.sent_at,
                bytes=len(answer.body),
                extracted={name: MASK if is_sensitive(name) else mask(value) for name, value in outcome.extracted.items()},
                problem=problem,
            )
        )

    def ran_out(self, flow: FlowPlan) -> None:
        problem = "there is no row of its data left to play it with"
        self.exchanges.append(Exchange(flow.name, flow.name, "", "", 0, 0.0, 0, {}, problem))


def play_once(scenario: Scenario, environment: Mapping[str, str]) -> list[Exchange]:
    """Plays each flow once, pauses skipped; raises LoadError when the target may not be fired at."""
    plan = compile_plan(scenario, scenario.default_load(), 0.0, RUN_ID)
    transcript = _Transcript(scenario.target.base_url)
    pace = _Skipping()
    player = Player(plan, 1, SocketTransport(plan.destination, pace.now), pace, transcript, itertools.count(1), environment)
    try:
        for iteration, flow in enumerate(plan.flows):
            try:
                player.play(flow, pace.now(), Random(f"{plan.seed}:{iteration}"), iteration)
            except Exhausted:
                transcript.ran_out(flow)
    finally:
        player.close()
    return transcript.exchanges
