"""What a search can be told to go by, and whose fault a failed probe is."""

import pytest

from perfkit.compare.bisect import prober
from perfkit.compare.bisect.probe import Probe, Timing
from perfkit.compare.bisect.prober import require_endpoint
from perfkit.errors import ComparisonError

PROBE = Probe("tree", timings=(Timing("GET /orders", "server_time", 0.05, 0.004, 40),))


@pytest.mark.parametrize("endpoint", [None, "GET /orders"])
def test_an_endpoint_that_is_there_may_be_gone_by(endpoint: str | None) -> None:
    require_endpoint(PROBE, endpoint, "server_time")


def test_another_one_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ComparisonError, match=r"no endpoint 'GET /order' \(did you mean 'GET /orders'\?\)") as raised:
        require_endpoint(PROBE, "GET /order", "server_time")

    assert raised.value.hint == "There are GET /orders."


@pytest.mark.parametrize("found", [Probe("tree", timings=()), PROBE])
def test_without_any_times_of_that_figure_there_is_nothing_to_go_by(found: Probe) -> None:
    with pytest.raises(ComparisonError, match="no times to search by"):
        require_endpoint(found, None, "server_time_p95")


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("base, v1 (4f2c1e0): it cannot be built", "GOOD, v1 (4f2c1e0): it cannot be built"),
        ("base ended while it was compared", "GOOD ended while it was compared"),
        ("head, 0a1b2c3: it cannot be built", "0a1b2c3: it cannot be built"),
        ("git is not installed", "git is not installed"),
    ],
)
def test_errors_of_a_comparison_are_said_of_good_and_of_the_commit(said: str, here: str) -> None:
    with pytest.raises(ComparisonError) as raised, prober.named():
        raise ComparisonError(said, hint="a hint")

    assert (raised.value.message, raised.value.hint) == (here, "a hint")
