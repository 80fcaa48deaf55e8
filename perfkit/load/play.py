"""What one virtual user does: the steps of a flow, one after the other, each request judged and journalled once."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, Protocol, TypeAlias

from pydantic import JsonValue

from perfkit.load.cookies import Cookies
from perfkit.load.plan import AuthPlan, FlowPlan, Plan, RepeatPlan, RequestPlan, StepPlan, ThinkPlan
from perfkit.load.reading import Reading, check_header, check_json, check_status, check_text, check_time
from perfkit.load.request import Message, message
from perfkit.load.rows import Rows
from perfkit.load.transport import Answer, Transport, TransportError
from perfkit.scenario.context import Context
from perfkit.scenario.secrets import remember
from perfkit.scenario.templates import UndefinedName, show

Error: TypeAlias = TransportError | Literal["status", "expectation", "extraction"]


class Stopped(Exception):  # noqa: N818 - not an error: the load is over for this user
    """Nothing more is sent: the load has ended, or this user has retired."""


class Abandoned(Exception):  # noqa: N818 - the error is on record; this ends the iteration
    """The flow cannot go on; what went wrong has been journalled."""


class Pace(Protocol):
    """Time as a virtual user sees it."""

    def now(self) -> float: ...

    def wait_until(self, due: float, /) -> None:
        """Raises Stopped when the load ends first."""
        ...

    def check(self) -> None:
        """Raises Stopped when nothing more may be sent."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One request and what became of it."""

    request: RequestPlan
    user: int
    id: int
    path: str
    offered_encodings: str
    intended_at: float
    answer: Answer
    error: Error
    problem: str  # for a person at a dry run; never stored
    extracted: Mapping[str, JsonValue]
    opening: bool  # the first request of a flow start: it is the arrival


class Journal(Protocol):
    def due(self, at: float, /) -> None: ...

    def left(self, due: float, /) -> None: ...

    def ended(self, outcome: Outcome, /) -> None: ...


class Player:
    """One virtual user: its connection, its cookies and its log-ins live as long as it does."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        transport: Transport,
        pace: Pace,
        journal: Journal,
        ids: Iterator[int],
        environment: Mapping[str, str],
    ) -> None:
        self._plan = plan
        self._number = number
        self._transport = transport
        self._pace = pace
        self._journal = journal
        self._ids = ids
        self._environment = environment
        self._cookies = Cookies()
        self._sessions: dict[str, Mapping[str, JsonValue]] = {}
        self.is_opening = False  # a flow has been taken up and nothing of it has been sent
        self.answered = False  # something came back in the last flow

    def play(self, flow: FlowPlan, due: float, source: Random, iteration: int) -> None:
        """Runs a flow once; its first request was due at `due`. Raises Stopped, or Exhausted when its data ran out."""
        self.is_opening = True
        self.answered = False
        context = Context(
            random=source,
            vars=self._plan.variables,
            data=Rows(self._plan.feeds, self._number, source),
            environment=self._environment,
            user=self._number,
            iteration=iteration,
        )
        try:
            self._steps(flow.steps, context, due)
        except Abandoned:
            return

    def close(self) -> None:
        self._transport.close()

    def _steps(self, steps: tuple[StepPlan, ...], context: Context, due: float) -> float:
        """When the next step is due: after the last answer and the pauses since."""
        for step in steps:
            if isinstance(step, ThinkPlan):
                due += step.pause.sample(context.random)
                self._pace.wait_until(due)
            elif isinstance(step, RepeatPlan):
                for _ in range(context.random.randint(step.low, step.high)):
                    due = self._steps(step.steps, context, due)
            else:
                due = self._request(step, context, self._log_in(step, context, due))
        return due

    def _log_in(self, step: RequestPlan, context: Context, due: float) -> float:
        """Once per virtual user; what the login extracted is known to every later flow of this user."""
        auth = self._auth(step)
        if auth is None or step.auth is None:
            return due
        if auth.login is not None and step.auth not in self._sessions:
            outer = context.extracted
            context.extracted = {}
            due = self._request(replace(auth.login, flow=step.flow), context, due, must_succeed=True)
            self._sessions[step.auth] = context.extracted
            for value in context.extracted.values():
                remember(show(value))  # what a login hands out is a secret of its own
            context.extracted = outer
        # A value that the flow itself extracted under the same name is the newer one.
        context.extracted = {**self._sessions.get(step.auth, {}), **context.extracted}
        return due

    def _auth(self, step: RequestPlan) -> AuthPlan | None:
        return None if step.auth is None else self._plan.auth[step.auth]

    def _request(self, step: RequestPlan, context: Context, due: float, *, must_succeed: bool = False) -> float:
        self._pace.check()
        number = next(self._ids)
        opening = self.is_opening
        try:
            letter = message(step, self._auth(step), context, self._cookies.header(), number)
        except (UndefinedName, LookupError) as error:
            self._journal.due(due)
            nothing = _unsent(self._pace.now())
            self._journal.ended(Outcome(step, self._number, number, "", "", due, nothing, "extraction", str(error), {}, opening))
            raise Abandoned from error
        self.is_opening = False
        self._journal.due(due)
        self._journal.left(due)
        answer = self._transport.send(step.method, letter.path, letter.headers, letter.body)
        self._cookies.take(answer)
        self.answered = self.answered or not answer.error
        outcome = self._judge(step, context, answer, due, number, letter, opening=opening)
        self._journal.ended(outcome)
        if outcome.error and (must_succeed or len(outcome.extracted) < len(step.extracts)):
            raise Abandoned
        context.extracted.update(outcome.extracted)
        return answer.finished_at

    def _judge(
        self, step: RequestPlan, context: Context, answer: Answer, due: float, number: int, letter: Message, *, opening: bool
    ) -> Outcome:
        extracted: dict[str, JsonValue] = {}
        error: Error = answer.error
        problem = answer.problem
        if not error:
            reading = Reading(answer)
            error, problem = _faults(step, context, reading, answer.finished_at - due)
            try:
                for extract in step.extracts:
                    extracted[extract.name] = extract.take(reading, context.random)
            except LookupError as failure:
                # A wrong status explains why there is nothing to extract: the first fault names the error.
                error, problem = (error, problem) if error else ("extraction", str(failure.args[0]))
        return Outcome(
            step, self._number, number, letter.path, letter.offered_encodings, due, answer, error, problem, extracted, opening
        )


def _faults(step: RequestPlan, context: Context, reading: Reading, response_time: float) -> tuple[Error, str]:
    """The first thing that is wrong with an answer, or ("", "")."""
    expected = step.expectation
    if problem := check_status(reading.answer, expected.status):
        return "status", problem
    try:
        problem = next(filter(None, _expectations(step, context, reading, response_time)), "")
    except UndefinedName as error:
        return "extraction", str(error)
    return ("expectation", problem) if problem else ("", "")


def _expectations(step: RequestPlan, context: Context, reading: Reading, response_time: float) -> Iterator[str]:
    expected = step.expectation
    yield check_time(response_time, expected.under)
    for name, wanted in expected.headers:
        yield check_header(reading.answer, name, show(wanted(context)))
    for expression, path, wanted in expected.json:
        yield check_json(reading, expression, path, wanted(context))
    if expected.contains is not None:
        yield check_text(reading, show(expected.contains(context)))


def _unsent(now: float) -> Answer:
    """A request that could not even be written."""
    return Answer(0, (), b"", now, math.nan, now, 0.0, reconnect=False)
