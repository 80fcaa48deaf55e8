import numpy as np
import pytest

from perfkit.stats import queueing
from perfkit.stats.quantiles import Numbers
from perfkit.stats.stations import Station, response_times


def a_queue(rate: float, mean: float, count: int = 20_000) -> tuple[Numbers, Numbers]:
    random = np.random.default_rng(7)
    return np.cumsum(random.exponential(1 / rate, count)), random.exponential(mean, count)


@pytest.mark.parametrize("servers", [1, 2, 4])
def test_one_station_is_the_queue_of_so_many_servers(servers: int) -> None:
    arrivals, services = a_queue(rate=40 * servers, mean=0.02)

    found = response_times(arrivals, services[:, None], [Station(servers)])

    expected = queueing.response_times(arrivals, services, servers, queueing.Discipline.FIRST_COME)
    assert found == pytest.approx(expected)


def test_the_mean_of_a_single_server_is_what_the_formula_says() -> None:
    arrivals, services = a_queue(rate=25, mean=0.02, count=200_000)

    found = response_times(arrivals, services[:, None], [Station(1)])

    # M/M/1 at half its capacity: twice the service time.
    assert found.mean() == pytest.approx(0.04, rel=0.05)


def test_a_short_quantum_shares_the_processor() -> None:
    arrivals, services = a_queue(rate=80, mean=0.02)

    found = response_times(arrivals, services[:, None], [Station(2, quantum=0.0005)])

    expected = queueing.response_times(arrivals, services, 2, queueing.Discipline.SHARING)
    assert np.median(found) == pytest.approx(np.median(expected), rel=0.05)
    assert np.quantile(found, 0.95) == pytest.approx(np.quantile(expected, 0.95), rel=0.05)


def test_a_station_without_a_number_of_servers_keeps_nobody_waiting() -> None:
    arrivals, services = a_queue(rate=500, mean=0.02)

    found = response_times(arrivals, services[:, None], [Station(0)])

    assert found == pytest.approx(services)


def test_who_comes_back_to_a_station_stands_in_its_line_again() -> None:
    """Two requests at once, each with a second at the processor before and after one of waiting."""
    arrivals = np.array([0.0, 0.5])
    demands = np.array([[1.0, 1.0, 1.0], [1.0, 0.25, 1.0]])

    found = response_times(arrivals, demands, [Station(1), Station(0)], route=(0, 1, 0))

    # The second one is at the processor from 1 to 2, while the first waits until 2; it comes back at 2.25, and is let in at 3.
    assert found.tolist() == [3.0, 3.5]


def test_a_stage_more_at_the_same_station_lets_short_requests_by() -> None:
    arrivals = np.array([0.0, 0.1])
    one_turn, two_turns = np.array([[4.0, 0.0], [1.0, 0.0]]), np.array([[2.0, 2.0], [1.0, 0.0]])

    assert response_times(arrivals, one_turn, [Station(1)], route=(0, 0)).tolist() == pytest.approx([4.0, 4.9])
    assert response_times(arrivals, two_turns, [Station(1)], route=(0, 0)).tolist() == pytest.approx([5.0, 2.9])


def test_who_holds_a_place_while_waiting_keeps_the_others_out() -> None:
    arrivals = np.array([0.0, 0.0])
    demands = np.array([[0.0, 1.0], [0.0, 1.0]])

    one_place = response_times(arrivals, demands, [Station(1), Station(0)], slots=1)
    two_places = response_times(arrivals, demands, [Station(1), Station(0)], slots=2)

    assert one_place.tolist() == [1.0, 2.0]
    assert two_places.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("slots", [2, 3])
def test_where_only_the_slots_are_scarce_they_are_the_queue(slots: int) -> None:
    arrivals, services = a_queue(rate=40 * slots, mean=0.02)
    demands = np.stack([0.25 * services, 0.75 * services, np.zeros(len(services))], axis=1)
    enough = [Station(slots, quantum=0.005), Station(0)]

    found = response_times(arrivals, demands[:, :2], enough, slots)

    # A single server, which nobody ever goes to, has it simulated event by event.
    assert found == pytest.approx(response_times(arrivals, demands, [*enough, Station(1)], slots))


def test_stations_are_passed_in_their_order() -> None:
    arrivals = np.array([0.0, 0.1])
    demands = np.array([[1.0, 2.0], [1.0, 2.0]])

    found = response_times(arrivals, demands, [Station(1), Station(1)])

    # The second waits 0.9 for the first station, and 1.0 for the second.
    assert found == pytest.approx([3.0, 4.9])
