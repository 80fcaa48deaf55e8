"""The cap on flow starts, at instants that are given."""

from perfkit.load.plane.meter import SCATTER, Meter


def admitted(meter: Meter, *instants: float) -> int:
    return sum(meter.admit(at) is None for at in instants)


def test_so_many_starts_are_admitted_in_each_second() -> None:
    meter = Meter(20)

    assert admitted(meter, *[100.1] * 30) == 20
    assert meter.admit(100.9) == 101.0
    assert admitted(meter, *[101.0] * 30) == 20
    assert meter.held == 21


def test_a_rate_of_less_than_one_in_a_second_is_counted_over_longer_stretches() -> None:
    meter = Meter(0.2)  # 12/min

    assert admitted(meter, *(100 + step / 10 for step in range(600))) == 12


def test_the_scatter_of_poisson_arrivals_at_the_cap_is_let_through() -> None:
    assert admitted(Meter(100, SCATTER), *[100.5] * 1000) == 160
