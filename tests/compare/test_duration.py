"""How long a comparison takes, before it begins."""

from perfkit.compare.duration import EXPLAINING, JUDGING, expected, rounded


def test_a_short_comparison_of_two_tiers_ends_within_three_quarters_of_a_minute() -> None:
    short = expected(frozenset({0, 1}), 20.0, restarts=4, sizes=3, has_rate=True)

    assert 35 < short.total <= 50
    assert short.bursting == short.checking == 0.0


def test_a_whole_comparison_ends_within_two_hundred_seconds() -> None:
    assert 150 < expected(frozenset({0, 1, 2}), 60.0, restarts=4, sizes=3, has_rate=True).total <= 220


def test_what_is_left_falls_from_tier_to_tier() -> None:
    whole = expected(frozenset({0, 1, 2}), 60.0, restarts=4, sizes=3, has_rate=True)

    steps = [("counting", 0.0), ("counting", 1.0), ("alternating", 0.5), ("bursting", 0.5), ("checking", 1.0)]
    left = [whole.left(tier, share) for tier, share in steps]

    assert left == sorted(left, reverse=True)
    assert left[0] == whole.total


def test_closed_load_has_no_window_and_no_bursts_take_no_time() -> None:
    assert expected(frozenset({2}), 60.0, restarts=4, sizes=3, has_rate=False).checking == 0.0
    assert expected(frozenset({2}), 60.0, restarts=4, sizes=0, has_rate=True).bursting == 0.0


def test_an_expectation_is_told_in_steps_of_five_seconds() -> None:
    assert [rounded(seconds) for seconds in (0.2, 7.0, 8.0, 61.0)] == [5.0, 5.0, 10.0, 60.0]


def test_profiles_count_beforehand_only_where_they_are_asked_for_and_while_they_go_on_in_any_case() -> None:
    only_if = expected(frozenset({0}), 60.0, 4, 3, has_rate=True)
    always = expected(frozenset({0}), 60.0, 4, 3, has_rate=True, explains=True)

    assert always.total == only_if.total + EXPLAINING
    assert always.left("counting", 1.0) == only_if.left("counting", 1.0) + EXPLAINING
    assert only_if.left("explaining", 0.5) == always.left("explaining", 0.5) == EXPLAINING / 2 + JUDGING
