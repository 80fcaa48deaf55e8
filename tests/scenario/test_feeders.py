"""Rows for virtual users."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from perfkit.scenario.feeders import Exhausted, Feed, Table, read_table
from perfkit.scenario.model import Feeder

TABLE = Table(("name", "share"), tuple({"name": name, "share": share} for name, share in (("a", "3"), ("b", "0"), ("c", "1"))))


def a_feed(**options: Any) -> Feed:
    return Feed(Feeder(csv="unused.csv", **options), TABLE)


def names(feed: Feed, *users: int) -> list[object]:
    source = random.Random(1)
    return [feed.row(user, source)["name"] for user in users]


def test_sequential_rows_come_in_their_order_whoever_asks_and_begin_anew() -> None:
    assert names(a_feed(), 1, 2, 1, 1) == ["a", "b", "c", "a"]


def test_sequential_rows_end_when_the_user_shall_stop() -> None:
    feed = a_feed(on_exhausted="stop_user")
    names(feed, 1, 1, 1)

    with pytest.raises(Exhausted):
        names(feed, 1)


def test_a_unique_row_stays_with_its_user() -> None:
    assert names(a_feed(pick="unique_per_user"), 8, 9, 8, 9, 10) == ["a", "b", "a", "b", "c"]


def test_unique_rows_are_shared_only_when_they_are_recycled() -> None:
    strict = a_feed(pick="unique_per_user", on_exhausted="stop_user")
    names(strict, 1, 2, 3)

    assert names(a_feed(pick="unique_per_user"), 1, 2, 3, 4) == ["a", "b", "c", "a"]
    assert names(strict, 1) == ["a"]
    with pytest.raises(Exhausted):
        names(strict, 4)


def test_random_rows_follow_their_weights_and_a_weight_of_nothing_never_comes() -> None:
    counts = Counter(names(a_feed(pick="random", weight="share"), *[1] * 4000))

    assert counts["b"] == 0
    assert 2.5 < counts["a"] / counts["c"] < 3.6


def test_random_rows_are_those_of_the_seed() -> None:
    assert names(a_feed(pick="random"), *[1] * 20) == names(a_feed(pick="random"), *[1] * 20)


def test_a_weight_belongs_to_random_rows() -> None:
    with pytest.raises(ValueError, match="weight belongs to `pick: random`"):
        a_feed(weight="share")


def test_values_are_texts_and_the_mark_of_excel_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes('\ufeffzip, city\n01234,"Bad Salzuflen, Lippe"\n\n'.encode())

    assert read_table(path) == Table(("zip", "city"), ({"zip": "01234", "city": "Bad Salzuflen, Lippe"},))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "has no rows"),
        ("a,b\n", "has no rows"),
        ("a,a\n1,2\n", "names a column twice"),
        ("a,b\n1,2\n3\n", "has 1 values in row 3, but 2 columns"),
        ('a\n"open\n', "is not a CSV file"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)

    with pytest.raises(ValueError, match=fault):
        read_table(path)
