"""What one virtual user does in a conversation: it opens it, takes its turns, and has the last word."""

from collections.abc import Callable, Generator, Mapping
from typing import Final

from perfkit.load.exchange import Answer
from perfkit.load.plan import ConversationPlan, Plan, StepPlan, TurnPlan
from perfkit.load.play import Effect, Player
from perfkit.load.turns import Turn, Word
from perfkit.scenario.templates import UndefinedName

# A conversation is open after these.
_OPENED: Final[Mapping[str, int]] = {"websocket": 101, "sse": 200}
_Talk = Generator[Effect, None, float | None]


class Conversant(Player):
    """A player of plans that hold conversations; one that breaks off ends the iteration."""

    _status = 0  # with which the conversation in hand was opened
    _path = ""

    def _several(self, flow: str, step: StepPlan, due: float) -> _Talk:
        if isinstance(step, TurnPlan):
            return self._take_turn(step, due)
        if isinstance(step, ConversationPlan):
            return self._hold(flow, step, due)
        return super()._several(flow, step, due)

    def _hold(self, flow: str, step: ConversationPlan, due: float) -> _Talk:
        exchange, opening = self.exchange, step.opening
        if opening.auth is not None:
            logged_in = yield from self._log_in(flow, opening.auth, due)
            if logged_in is None:
                return None
            due = logged_in
        if not self._write(opening, due):
            return None
        exchange.is_wanted = False  # what it answers is no body
        exchange.is_whole = True
        exchange.turn = Turn(step.kind, "", step.timeout, _of_event(step.event), step.subprotocols)
        try:
            yield exchange
            self._path = exchange.path
            goes_on = self._settle(opening, due, self._cookies)
            after = exchange.finished_at if goes_on and exchange.status else None
            self._status = exchange.status
            if after is not None and self._status == _OPENED[step.kind]:
                after = yield from self._steps(flow, step.steps, after)
            elif exchange.error:
                after = None
            yield Word(closes=step.code)
        finally:
            exchange.turn = None
        return after

    def _take_turn(self, step: TurnPlan, due: float) -> _Talk:
        exchange = self.exchange
        exchange.step = step.request
        exchange.intended_at = due
        exchange.id = next(self._ids)
        exchange.is_opening = False
        try:
            message = b"" if step.message is None else step.message(self._context)
        except (UndefinedName, LookupError) as error:
            self._cannot("extraction", str(error))
            return None
        if not step.is_awaited:
            word = Word(message)
            yield word
            if not word.is_said:
                self._cannot("reset", "the conversation was over before the message could be sent")
                return None
            return due
        exchange.request = message
        exchange.is_head = exchange.is_wanted = False
        exchange.is_whole = True
        exchange.turn = Turn("", self._path, step.timeout, self._filter(step))
        yield exchange
        goes_on = self._settle(step.request, due, self._cookies)  # without a status nothing came, and nothing more will
        return exchange.finished_at if goes_on and exchange.status else None

    def _filter(self, step: TurnPlan) -> Callable[[str, bytes], bool] | None:
        judge = None if step.takes is None else self._written[step.takes][1]
        if judge is None:
            return _of_event(step.event)
        context, status = self._context, self._status

        def takes(_kind: str, content: bytes) -> bool:
            return judge.faults(context, judge.read(Answer(status, (), content)), 0.0) == ("", "")

        return takes


def _of_event(event: str | None) -> Callable[[str, bytes], bool] | None:
    return None if event is None else lambda kind, _content: kind == event


def player_of(plan: Plan) -> type[Player]:
    """Who plays a plan: whoever holds no conversations pays nothing for them."""
    return Conversant if plan.transport == "conversations" else Player
