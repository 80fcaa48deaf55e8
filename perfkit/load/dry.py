"""One user, each flow once, written down as a transcript: what `perfkit check` shows before any load is made."""

import asyncio
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import uvloop
from pydantic import JsonValue

from perfkit.load.compile import compile_plan
from perfkit.load.converse import player_of
from perfkit.load.dice import Dice
from perfkit.load.exchange import Exchange as Sent
from perfkit.load.following import Elsewhere
from perfkit.load.hops import Hop
from perfkit.load.plan import FlowPlan, Plan
from perfkit.load.plane.client import Client
from perfkit.load.plane.clients import CLIENTS
from perfkit.load.plane.manners import Manners
from perfkit.load.play import writers
from perfkit.load.turns import Word
from perfkit.scenario.address import address
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

    def skip_to(self, due: float) -> None:
        self._skipped += max(due - self.now(), 0.0)


class _Transcript:
    """A journal in which everything is shown."""

    def __init__(self, base_url: str) -> None:
        self.exchanges: list[Exchange] = []
        self._origin = base_url.removesuffix(address(base_url).prefix)

    def wants(self, _endpoint: str, /) -> bool:
        return True

    def unsent(self, _exchange: Sent, /) -> None:
        """Only outcomes are shown."""

    def ended(self, sent: Sent, /) -> None:
        step = sent.step
        base = step.base if isinstance(step, Hop) else ""
        problem = mask_text(": ".join(filter(None, [sent.error, sent.problem])))
        self.exchanges.append(
            Exchange(
                flow=step.flow,
                step=step.step,
                method=step.method,
                url=mask_text((base or self._origin) + sent.path),
                status=sent.status,
                time=sent.finished_at - sent.sent_at,
                bytes=sent.size,
                extracted={name: MASK if is_sensitive(name) else mask(value) for name, value in sent.extracted.items()},
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
    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(_play(plan, transcript, environment))
    finally:
        loop.close()
    return transcript.exchanges


async def _play(plan: Plan, transcript: _Transcript, environment: Mapping[str, str]) -> None:
    clock = _Skipping()
    player = player_of(plan)(plan, writers(plan), 1, clock.now, transcript, itertools.count(1), environment)
    ended = asyncio.Event()
    faults: list[Exception] = []
    client = CLIENTS[plan.transport](player.exchange, plan.destination, Manners(), clock.now, ended.set, faults.append)
    for iteration, flow in enumerate(plan.flows):
        try:
            for effect in player.play(flow, clock.now(), Dice(plan.seed).start(iteration), iteration):
                ended.clear()
                if isinstance(effect, Sent):
                    client.send()
                elif isinstance(effect, Elsewhere):
                    client.send_to(effect.where)
                elif not isinstance(effect, Word):
                    clock.skip_to(effect)
                    continue
                elif not client.say(effect):
                    continue
                await _outcome(client, ended, clock, limit_of(player.exchange, plan))
                if faults:
                    raise faults[0]
        except Exhausted:
            transcript.ran_out(flow)
    client.close()
    await asyncio.sleep(0)


def limit_of(sent: Sent, plan: Plan) -> float:
    """How long the request under way may take."""
    return plan.destination.timeout if sent.turn is None else min(plan.destination.timeout, sent.turn.timeout)


async def _outcome(client: Client, ended: asyncio.Event, clock: _Skipping, limit: float) -> None:
    try:
        await asyncio.wait_for(ended.wait(), limit)
    except TimeoutError:
        client.expire(clock.now(), 0.0)
