"""Memory that grows with the requests."""

from perfkit.detectors.memory_growth import detect
from perfkit.finding import Finding, Skipped
from tests.builders import Request, Row, a_memory, a_request, measures

MEGABYTE = 1024**2


def served(count: int = 1100) -> list[Request]:
    warm_up = [a_request(phase="warm-up") for _ in range(count // 11)]
    return [*warm_up, *(a_request() for _ in range(count - len(warm_up)))]


def growing(per_second: float, until: float = 110.0) -> list[Row]:
    return [a_memory(float(at), uss=int(50 * MEGABYTE + per_second * min(at, until))) for at in range(110)]


def test_a_leak_is_told_per_thousand_requests_and_in_hours() -> None:
    (finding,) = detect(measures(served(), memory=growing(20 * 20480)))

    assert isinstance(finding, Finding)
    assert finding.message == "the memory of 1 of 1 workers grows by 39.1 MiB per 1,000 requests: 1 GiB more in 0.728 h at 10/s"
    assert (finding.where, finding.saving) == ("whole service", None)


def test_memory_that_settles_is_not_a_leak() -> None:
    assert list(detect(measures(served(), memory=growing(20 * 20480, until=40.0)))) == []


def test_flat_memory_is_not_a_leak() -> None:
    assert list(detect(measures(served(), memory=growing(0)))) == []


def test_too_short_a_run_is_skipped_not_clean() -> None:
    (skipped,) = detect(measures(served(), memory=growing(20480)[:10]))

    assert isinstance(skipped, Skipped)
    assert "too short" in skipped.why
