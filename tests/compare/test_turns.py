"""Places and order of starting change from start to start, and none of them is one version's own."""

from perfkit.compare.turns import turn


def test_of_four_starts_every_place_is_paired_with_every_order_once() -> None:
    turns = [turn(start) for start in range(4)]

    assert len({(one.is_exchanged, one.head_first) for one in turns}) == 4


def test_two_restarts_from_an_even_start_on_are_balanced_too() -> None:
    for start in (0, 2, 4, 6):
        two = (turn(start), turn(start + 1))

        assert sum(one.is_exchanged for one in two) == 1
        assert sum(one.head_first for one in two) == 1


def test_a_bias_that_grows_evenly_cancels_over_four_starts() -> None:
    signs = [-1 if turn(start).is_exchanged else 1 for start in range(4)]

    assert sum(sign * start for start, sign in enumerate(signs)) == 0
