"""What a person sees while a run goes on."""

import io

import pytest
from rich.console import Console

from perfkit.cli.progress import Watch, clock, shown
from perfkit.load.progress import Progress


def a_progress(**fields: object) -> Progress:
    known: dict[str, object] = {
        "phase": "measure", "elapsed": 31.4, "total": 60.0, "requests": 1204, "errors": 0, "rate": 36.0, "p95": 0.084,
        "users": 12,
    }  # fmt: skip
    return Progress(**(known | fields))  # type: ignore[arg-type]


def test_the_line_reads_like_this() -> None:
    assert shown(a_progress()) == "measure 0:31 of 1:00  36/s  p95 84 ms  1,204 requests  0 % errors  12 users"


def test_what_is_not_known_yet_is_a_dash() -> None:
    said = shown(a_progress(total=None, requests=0, rate=0.0, p95=None, users=1))

    assert said == "measure 0:31  0/s  p95 –  0 requests  0 % errors  1 user"


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (59.9, "0:59"), (60.0, "1:00"), (3725.0, "62:05")])
def test_a_clock_has_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_where_nothing_can_be_overwritten_lines_are_rare_and_plain() -> None:
    file = io.StringIO()
    with Watch(Console(file=file, width=200)) as watch:
        watch.news("run [bold]x[/]")
        for _ in range(50):
            watch.progress(a_progress())

    assert file.getvalue() == "· run [bold]x[/]\n"


def test_on_a_terminal_one_line_is_drawn_again_and_again() -> None:
    file = io.StringIO()
    with Watch(Console(file=file, width=200, force_terminal=True)) as watch:
        watch.progress(a_progress())

    assert "measure 0:31 of 1:00" in file.getvalue()


def test_on_a_narrow_terminal_the_line_stays_one_line() -> None:
    written = io.StringIO()
    with Watch(Console(file=written, force_terminal=True, width=40)) as watch:
        watch.progress(a_progress())

    assert "…" in written.getvalue()
    assert "12 users" not in written.getvalue()  # what would have gone on a second line
