"""Bisecting by a counter."""

from perfkit.compare.bisect.crossing import Crossing, Mark, mark
from perfkit.compare.change import Change

MARK = Mark("GET /orders", "statements", 3, 14, "new: SELECT")


def crossed(planted: int, commits: int, untellable: frozenset[int] = frozenset()) -> tuple[Crossing, int]:
    crossing = Crossing(commits, MARK)
    asked = 0
    while (place := crossing.next()) is not None:
        asked += 1
        if place in untellable:
            crossing.untellable.add(place)
        else:
            crossing.take(place, MARK.bad if place >= planted else MARK.good)
    return crossing, asked


def test_every_place_of_64_is_found_exactly_in_six_counts() -> None:
    for planted in range(1, 65):
        crossing, asked = crossed(planted, 64)

        assert (crossing.low + 1, crossing.high) == (planted, planted)
        assert asked <= 6


def test_a_broken_commit_beside_the_step_leaves_a_row() -> None:
    crossing, _ = crossed(6, 12, frozenset({6}))

    assert (crossing.low + 1, crossing.high) == (6, 7)


def test_a_broken_commit_elsewhere_does_not() -> None:
    crossing, _ = crossed(8, 12, frozenset({6, 3}))

    assert (crossing.low + 1, crossing.high) == (8, 8)


def test_a_count_between_both_goes_to_the_nearer_side_and_is_told() -> None:
    crossing = Crossing(8, MARK)

    crossing.take(4, 5)
    crossing.take(6, 12)

    assert (crossing.low, crossing.high) == (4, 6)
    assert crossing.odd == {4: 5, 6: 12}


def test_the_clearest_counter_that_rose_is_gone_by() -> None:
    changes = (
        Change("GET /a", "bytes", 100, 200),
        Change("GET /a", "calls", 10, 90),
        Change("GET /b", "statements", 3, 4),
        Change("GET /c", "statements", 3, 14),
        Change("GET /c", "body", "one answer", "another"),
    )

    found = mark(changes, margin=0.03)

    assert found is not None
    assert (found.endpoint, found.counter, found.good, found.bad) == ("GET /c", "statements", 3, 14)


def test_what_fell_or_grew_within_the_margin_is_not_gone_by_unasked() -> None:
    changes = (Change("GET /a", "bytes", 100, 102), Change("GET /a", "statements", 3, 1), Change("GET /a", "calls", 10, 90))

    assert mark(changes, margin=0.03) is None


def test_any_counter_can_be_asked_for_and_an_answer_is_one() -> None:
    changes = (Change("GET /a", "body", "one answer", "another"), Change("GET /a", "statements", 3, 1))

    body = mark(changes, 0.03, counter="body")
    fell = mark(changes, 0.03, counter="statements")

    assert body is not None
    assert (body.good, body.bad, body.of(()), body.of(changes)) == (0, 1, 0, 1)
    assert fell is not None
    assert (fell.is_bad(1), fell.is_bad(3)) == (True, False)


def test_another_endpoint_is_not_looked_at() -> None:
    assert mark((Change("GET /a", "statements", 3, 4),), 0.03, endpoint="GET /b") is None
