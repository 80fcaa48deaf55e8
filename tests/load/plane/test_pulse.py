"""The loop's lateness is measured by a deadline of its own."""

from collections.abc import Callable

import pytest

from perfkit.load.plane.pulse import EVERY, Pulse


class Instants:
    """A timer whose clock is the test's."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waiting: list[tuple[float, Callable[[], None]]] = []

    def at(self, due: float, call: Callable[[], None], /) -> None:
        self.waiting.append((due, call))

    def go_off(self, late: float = 0.0) -> None:
        due, call = self.waiting.pop()
        self.now = due + late
        call()


def test_each_beat_says_how_late_it_was_and_sets_the_next() -> None:
    timer = Instants()
    pulse = Pulse(lambda: timer.now)

    pulse.begin(timer)
    timer.go_off()
    timer.go_off(late=0.03)

    assert pulse.take() == pytest.approx([0.0, 0.03])
    assert pulse.take() == []
    assert [due for due, _ in timer.waiting] == [pytest.approx(timer.now + EVERY)]


def test_a_pulse_that_has_ended_sets_no_more() -> None:
    timer = Instants()
    pulse = Pulse(lambda: timer.now)

    pulse.begin(timer)
    pulse.end()
    timer.go_off()

    assert timer.waiting == []
