"""Chance that begins anew with every iteration."""

from collections import Counter

import pytest

from perfkit.load.dice import Dice


def test_an_iteration_has_the_same_numbers_whoever_plays_it_and_whenever() -> None:
    first, second = Dice(7, "flows"), Dice(7, "flows")
    second.start(3).random()

    assert [first.start(5).random(), first.uniform(0, 9)] == [second.start(5).random(), second.uniform(0, 9)]


def test_other_iterations_and_other_streams_have_other_numbers() -> None:
    numbers = {Dice(seed, stream).start(iteration).random() for seed in (0, 1) for stream in "ab" for iteration in range(50)}

    assert len(numbers) == 200


def test_the_first_numbers_of_many_iterations_are_even() -> None:
    dice = Dice(0, "flows")

    counts = Counter(dice.start(iteration).randrange(10) for iteration in range(20_000))

    assert all(count == pytest.approx(2000, abs=220) for count in counts.values())


def test_bits_are_as_many_as_were_asked_for() -> None:
    dice = Dice("bits")

    assert max(dice.getrandbits(3) for _ in range(200)) == 7
    assert 1 << 118 < max(dice.getrandbits(120) for _ in range(200)) < 1 << 120
