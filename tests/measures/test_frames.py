"""Frames by endpoint: which rows belong to whom, and that nothing is copied or made before it is asked for."""

import numpy as np
import polars as pl

from perfkit.measures import frames
from perfkit.measures.frames import NOBODY, Gathered


def test_a_key_that_is_not_among_the_others_belongs_to_nobody() -> None:
    keys = pl.Series([30, 10, 99, 0], dtype=pl.UInt64)

    found = frames.positions(keys, pl.Series([10, 20, 30], dtype=pl.UInt64))

    assert found.tolist() == [2, 0, NOBODY, NOBODY]


def test_keys_are_found_across_blocks() -> None:
    keys = pl.Series(np.arange(frames.BLOCK + 3)[::-1].astype(np.uint64))

    found = frames.positions(keys, keys.sort())

    assert found.tolist() == list(range(frames.BLOCK + 3))[::-1]


def test_rows_go_by_owner_and_keep_their_order_within_one() -> None:
    rows, owners = frames.by_owner(np.array([2, 0, NOBODY, 2, 0], dtype=np.int32))

    assert rows.tolist() == [1, 4, 0, 3]
    assert owners.tolist() == [0, 0, 2, 2]


def test_values_know_their_rows() -> None:
    found = frames.rows_by(pl.Series(["b", "a", "b"]))

    assert {value: rows.tolist() for value, rows in found.items()} == {"a": [1], "b": [0, 2]}
    assert list(found) == ["a", "b"]
    assert frames.rows_by(pl.Series([], dtype=pl.String)) == {}


def test_a_phase_is_the_same_whether_its_rows_stand_together_or_not() -> None:
    together = pl.DataFrame({"phase": ["warm-up", "measure", "measure", "profile"], "n": [1, 2, 3, 4]})
    apart = pl.DataFrame({"phase": ["measure", "warm-up", "measure", None], "n": [2, 1, 3, 4]})

    assert frames.of_phase(together, "measure")["n"].to_list() == [2, 3]
    assert frames.of_phase(apart, "measure")["n"].to_list() == [2, 3]
    assert frames.of_phase(together.clear(), "measure").is_empty()
    assert frames.of_phase(apart, "profile").is_empty()


def test_a_frame_is_gathered_when_it_is_asked_for_and_again_only_when_nobody_holds_it() -> None:
    made: list[str] = []

    def make() -> pl.DataFrame:
        made.append("GET /orders")
        return pl.DataFrame({"n": [1]})

    found = Gathered({"GET /orders": make})

    assert list(found) == ["GET /orders"]
    assert len(found) == 1
    assert "GET /users" not in found
    assert made == []
    held = found["GET /orders"]
    assert found.get("GET /orders") is held
    assert made == ["GET /orders"]
    del held
    assert found["GET /orders"].height == 1
    assert made == ["GET /orders", "GET /orders"]
