"""Another machine's clock, from questions and answers that are given."""

import pytest

from perfkit.load.many.clock import Clocks, Echo, machine, offset


def test_the_quickest_answer_is_believed_within_half_of_its_time() -> None:
    slow = Echo(asked_at=10.0, answered_at=1010.9, heard_at=11.0)
    quick = Echo(asked_at=20.0, answered_at=1020.0015, heard_at=20.002)

    found = offset([slow, quick])

    assert found.seconds == pytest.approx(1000.0005)
    assert found.error == pytest.approx(0.001)
    # The truth, whenever in that time the answer was given, is not further off.
    assert abs(found.seconds - 1000.0) <= found.error


def test_instants_are_told_in_each_ones_own_clock() -> None:
    clocks = Clocks()
    clocks.hear(3, Echo(20.0, 1020.0, 20.0))
    clocks.settle(3)

    assert clocks.there(3, 30.0) == pytest.approx(1030.0)
    assert clocks.here(3, 1030.0) == pytest.approx(30.0)
    assert clocks.there(0, 30.0) == 30.0


def test_a_machine_knows_itself() -> None:
    assert machine() == machine()
