"""perfkit bisect: what is refused before anything is started."""

import pytest
import typer

from perfkit.cli import bisect


@pytest.mark.parametrize("by", ["auto", "time", "statements", "body"])
def test_a_search_goes_by_time_or_by_a_counter(by: str) -> None:
    bisect.require_known(by)


def test_what_cannot_be_gone_by_is_refused_with_what_can() -> None:
    with pytest.raises(typer.BadParameter, match="there are auto, time, statements"):
        bisect.require_known("queries")
