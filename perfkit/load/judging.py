"""What a step's answer has to look like, put together once: each check is a function, and the first fault names the error."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from perfkit.load.exchange import Answer, Error
from perfkit.load.jsonpath import Path
from perfkit.load.partial import Partial
from perfkit.load.plan import Expectation, RequestPlan
from perfkit.load.reading import FIRST_FAILURE, Reading, check_header, check_json, check_status, check_text, check_time
from perfkit.load.slots import Render
from perfkit.scenario.context import Context
from perfkit.scenario.templates import UndefinedName, show

# What is wrong with an answer, as an error and for a person; ("", "") when nothing is.
Faults: TypeAlias = Callable[[Context, Reading, float], tuple[Error, str]]
_Check: TypeAlias = Callable[[Context, Reading], str]


@dataclass(frozen=True, slots=True)
class Judge:
    """How the answers of a step are read, and what is wrong with one, given its response time."""

    faults: Faults
    partial: Partial | None  # None when its JSON is needed whole, or not at all

    def read(self, answer: Answer) -> Reading:
        return Reading(answer, self.partial)


def judge_of(step: RequestPlan) -> Judge:
    paths = [path.parts for path in step.paths if path.parts is not None]
    is_plain = bool(paths) and len(paths) == len(step.paths)
    return Judge(_faults(step.expectation), Partial(paths) if is_plain else None)


def _faults(expected: Expectation) -> Faults:
    status, under = expected.status, expected.under
    checks = tuple(_checks(expected))

    def faults(context: Context, reading: Reading, response_time: float) -> tuple[Error, str]:
        got = reading.answer.status
        if got >= FIRST_FAILURE if status is None else got not in status:
            return "status", check_status(got, status)
        if under is not None and response_time >= under:
            return "expectation", check_time(response_time, under)
        try:
            for check in checks:
                if problem := check(context, reading):
                    return "expectation", problem
        except UndefinedName as error:
            return "extraction", str(error)
        return "", ""

    return faults


def _checks(expected: Expectation) -> Iterator[_Check]:
    for name, wanted in expected.headers:
        yield _of_header(name, wanted)
    for expression, path, wanted in expected.json:
        yield _of_json(expression, path, wanted)
    if expected.contains is not None:
        yield _of_text(expected.contains)


def _of_header(name: str, wanted: Render) -> _Check:
    return lambda context, reading: check_header(reading.answer, name, show(wanted(context)))


def _of_json(expression: str, path: Path, wanted: Render) -> _Check:
    def check(context: Context, reading: Reading) -> str:
        value: JsonValue = wanted(context)
        return check_json(reading, expression, path, value)

    return check


def _of_text(wanted: Render) -> _Check:
    return lambda context, reading: check_text(reading, show(wanted(context)))
