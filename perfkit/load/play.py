"""What one virtual user does: the steps of a flow, one after the other, each request judged and journalled once.

A script is a generator of effects: an Exchange is to be sent (with Elsewhere, to another origin), a Word is to be said, a float
is an instant to be waited for. Whoever drives it goes on when that has come about; sockets, timers and threads are the driver's
business, and there is no second interpreter.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain, repeat
from random import Random
from typing import Protocol, TypeAlias

from pydantic import JsonValue

from perfkit.load.cookies import Cookies
from perfkit.load.exchange import Error, Exchange
from perfkit.load.following import Elsewhere, Follower
from perfkit.load.judging import Judge, judge_of
from perfkit.load.plan import ConversationPlan, FlowPlan, FollowPlan, Plan, RepeatPlan, RequestPlan, StepPlan, ThinkPlan, TurnPlan
from perfkit.load.reading import FIRST_FAILURE, check_status, check_time
from perfkit.load.request import Write, writer
from perfkit.load.rows import Rows
from perfkit.load.turns import Word
from perfkit.scenario.context import Context
from perfkit.scenario.secrets import remember
from perfkit.scenario.templates import UndefinedName, show

Effect: TypeAlias = Exchange | Elsewhere | Word | float
Script: TypeAlias = Generator[Effect, None, object]


class Journal(Protocol):
    def wants(self, endpoint: str, /) -> bool:
        """The answer of the next request to this endpoint is to be taken whole, to be kept."""
        ...

    def unsent(self, exchange: Exchange, /) -> None:
        """A request that became due could not even be written; it ends with that."""
        ...

    def ended(self, exchange: Exchange, /) -> None:
        """Every request comes here once."""
        ...


# How a request is put into bytes; how its answer is judged, if more than its status is looked at; whether it is a HEAD.
Written: TypeAlias = tuple[Write, Judge | None, bool]


def writers(plan: Plan) -> Mapping[RequestPlan, Written]:
    """How each request of a plan is put into bytes, and what becomes of its answer."""
    found: dict[RequestPlan, Written] = {}
    logins = [login for auth in plan.auth.values() for login in auth.logins.values()]
    for step in (*logins, *(step for flow in plan.flows for step in _requests(flow.steps))):
        write = writer(step, None if step.auth is None else plan.auth[step.auth], plan.destination)
        judge = judge_of(step) if step.reads_answer else None
        found[step] = (write, judge, step.method == "HEAD")
    return found


class Player:
    """One virtual user: its cookies and its log-ins live as long as it does."""

    def __init__(
        self,
        plan: Plan,
        written: Mapping[RequestPlan, Written],
        number: int,
        clock: Callable[[], float],
        journal: Journal,
        ids: Iterator[int],
        environment: Mapping[str, str],
    ) -> None:
        self.exchange = Exchange(number)
        self.is_opening = False  # a flow has been taken up and nothing of it has come to an outcome
        self.answered = False  # something came back in the last flow
        self._plan = plan
        self._written = written
        self._clock = clock
        self._journal = journal
        self._ids = ids
        self._cookies = Cookies()
        self._follower = Follower(self.exchange, plan.origins, self._cookies, journal, ids)
        self._sessions: dict[str, Mapping[str, JsonValue]] = {}
        self._context = Context(Random(0), vars=plan.variables, environment=environment, user=number)

    def play(self, flow: FlowPlan, due: float, source: Random, iteration: int) -> Script:
        """The script of a flow whose first request is due at `due`; it raises Exhausted when its data has run out."""
        self.is_opening = True
        self.answered = False
        context = self._context
        context.random = source
        context.iteration = iteration
        if context.extracted:
            context.extracted = {}
        if self._plan.feeds:
            context.data = Rows(self._plan.feeds, context.user, source)
        return self._steps(flow.name, flow.steps, due)

    def _steps(self, flow: str, steps: Iterable[StepPlan], due: float) -> Generator[Effect, None, float | None]:
        """When the next step is due: after the last answer and the pauses since; None when the flow cannot go on."""
        exchange = self.exchange
        for step in steps:
            if type(step) is RequestPlan:
                if step.auth is not None:
                    logged_in = yield from self._log_in(flow, step.auth, due)
                    if logged_in is None:
                        return None
                    due = logged_in
                if not self._write(step, due):
                    return None
                yield exchange
                if not self._settle(step, due, self._cookies):
                    return None
                due = exchange.finished_at
            elif isinstance(step, ThinkPlan):
                due += step.pause.sample(self._context.random)
                yield due
            else:
                after = yield from self._several(flow, step, due)
                if after is None:
                    return None
                due = after
        return due

    def _several(self, flow: str, step: StepPlan, due: float) -> Generator[Effect, None, float | None]:
        """A step of more than one request."""
        if isinstance(step, RequestPlan):
            return (yield from self._follow(flow, step, due))
        assert isinstance(step, RepeatPlan)  # conversations have a player of their own: converse.Conversant
        times = self._context.random.randint(step.low, step.high)
        repeated = chain.from_iterable(repeat(step.steps, times))
        return (yield from self._steps(flow, repeated, due))

    def _follow(self, flow: str, step: RequestPlan, due: float) -> Generator[Effect, None, float | None]:
        """One request, and those that its redirects ask for: when it has ended, or None when the flow cannot go on."""
        if step.auth is not None:
            logged_in = yield from self._log_in(flow, step.auth, due)
            if logged_in is None:
                return None
            due = logged_in
        if not self._write(step, due):
            return None
        exchange, cookies = self.exchange, self._cookies
        if isinstance(step, FollowPlan):
            exchange.is_whole = True  # any answer may be a redirect: its head is wanted
            yield exchange
            self.is_opening = False
            cookies = yield from self._follower.follow(step)
        else:
            yield exchange
        return exchange.finished_at if self._settle(step, due, cookies) else None

    def _log_in(self, flow: str, name: str, due: float) -> Generator[Effect, None, float | None]:
        """Once per virtual user; what the login extracted is known to every later flow of this user."""
        context = self._context
        login = self._plan.auth[name].logins.get(flow)
        if login is not None and name not in self._sessions:
            outer = context.extracted
            context.extracted = {}
            logged_in = yield from self._follow(flow, login, due)
            if logged_in is None or self.exchange.error:
                return None
            due = logged_in
            self._sessions[name] = context.extracted
            for value in context.extracted.values():
                remember(show(value))  # what a login hands out is a secret of its own
            context.extracted = outer
        session = self._sessions.get(name)
        if session:
            # A value that the flow itself extracted under the same name is the newer one.
            context.extracted = {**session, **context.extracted}
        return due

    def _write(self, step: RequestPlan, due: float) -> bool:
        """Puts the request into the exchange; False when that cannot be done, which is its outcome."""
        exchange = self.exchange
        exchange.step = step
        exchange.intended_at = due
        exchange.is_opening = self.is_opening
        exchange.id = number = next(self._ids)
        write, judge, is_head = self._written[step]
        try:
            exchange.request = write(self._context, self._cookies.header, number)
        except (UndefinedName, LookupError) as error:
            self._cannot("extraction", str(error))
            return False
        except ValueError as error:
            self._cannot("protocol", str(error))
            return False
        exchange.is_head = is_head
        exchange.is_wanted = wanted = self._journal.wants(step.endpoint)
        exchange.is_whole = wanted or judge is not None
        return True

    def _cannot(self, error: Error, problem: str) -> None:
        exchange = self.exchange
        now = self._clock()
        exchange.request = b""
        exchange.is_wanted = False
        exchange.take_up(now)
        exchange.fail(error, problem, now)
        self.is_opening = False
        self._journal.unsent(exchange)
        self._journal.ended(exchange)

    def _settle(self, step: RequestPlan, due: float, cookies: Cookies) -> bool:
        """Judges what came back; False when the flow cannot go on without what the step should have extracted."""
        exchange = self.exchange
        self.is_opening = False
        if exchange.headers:
            cookies.take(exchange.headers)
        if not exchange.error:
            self.answered = True
            expected = step.expectation
            judge = self._written[step][1]
            if judge is not None:
                self._judge(step, judge, exchange.finished_at - due)
            elif exchange.status >= FIRST_FAILURE or expected.status is not None or expected.under is not None:
                if problem := check_status(exchange.status, expected.status):
                    exchange.find("status", problem)
                elif problem := check_time(exchange.finished_at - due, expected.under):
                    exchange.find("expectation", problem)
        self._journal.ended(exchange)
        return len(exchange.extracted) == len(step.extracts)

    def _judge(self, step: RequestPlan, judge: Judge, response_time: float) -> None:
        exchange = self.exchange
        context = self._context
        reading = judge.read(exchange.answer())
        extracted: dict[str, JsonValue] = {}
        error, problem = judge.faults(context, reading, response_time)
        try:
            for extract in step.extracts:
                extracted[extract.name] = extract.take(reading, context.random)
        except LookupError as failure:
            # A wrong status explains why there is nothing to extract: the first fault names the error.
            error, problem = (error, problem) if error else ("extraction", str(failure.args[0]))
        if error:
            exchange.find(error, problem)
        if extracted:
            exchange.extracted = extracted
            context.extracted.update(extracted)


def _requests(steps: tuple[StepPlan, ...]) -> Iterator[RequestPlan]:
    for step in steps:
        if isinstance(step, RequestPlan):
            yield step
        elif isinstance(step, TurnPlan):
            yield step.request
            if step.takes is not None:
                yield step.takes
        elif isinstance(step, ConversationPlan):
            yield step.opening
            yield from _requests(step.steps)
        elif isinstance(step, RepeatPlan):
            yield from _requests(step.steps)
