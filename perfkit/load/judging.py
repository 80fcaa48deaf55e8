"""What a step's answer has to look like, put together once: each check is a function, and the first fault names the error."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from pydantic import JsonValue

from perfkit.load.exchange import Error
from perfkit.load.jsonpath import Path
from perfkit.load.plan import Expectation
from perfkit.load.reading import Reading, check_header, check_json, check_status, check_text, check_time
from perfkit.load.slots import Render
from perfkit.scenario.context import Context
from perfkit.scenario.templates import UndefinedName, show

# What is wrong with an answer, as an error and for a person; ("", "") when nothing is.
Judge: TypeAlias = Callable[[Context, Reading, float], tuple[Error, str]]
_Check: TypeAlias = Callable[[Context, Reading], str]


def judge_of(expected: Expectation) -> Judge:
    """For an answer that came back, with its response time."""
    status, under = expected.status, expected.under
    checks = tuple(_checks(expected))

    def judge(context: Context, reading: Reading, response_time: float) -> tuple[Error, str]:
        if problem := check_status(reading.answer.status, status):
            return "status", problem
        if problem := check_time(response_time, under):
            return "expectation", problem
        try:
            for check in checks:
                if problem := check(context, reading):
                    return "expectation", problem
        except UndefinedName as error:
            return "extraction", str(error)
        return "", ""

    return judge


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
