"""Which hosts may be loaded, and how hard."""

import math

import pytest

from perfkit.scenario.guard import caps, host_of, refusal, refusal_at_connect
from perfkit.scenario.model import Guard

OPEN = Guard(allow_hosts=("*.perf.internal", "shop.example.com", "203.0.113.9"))


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "172.31.0.1", "192.168.7.7", "fd00::1", "::ffff:10.0.0.1"]
)
def test_near_hosts_need_no_permission(host: str) -> None:
    assert refusal(Guard(), host, owned=False) is None


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "8.8.8.8",
        "172.32.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "::ffff:8.8.8.8",
        "localhost.example.com",
        "web",
        "app.internal",
        "2130706433",
    ],
)
def test_other_hosts_are_refused_without_being_looked_up(host: str) -> None:
    assert "guard.allow_hosts" in str(refusal(Guard(), host, owned=True))


def test_a_listed_public_host_also_needs_the_flag() -> None:
    assert "--i-own-this-target" in str(refusal(OPEN, "shop.example.com", owned=False))
    assert "--i-own-this-target" in str(refusal(OPEN, "203.0.113.9", owned=False))
    assert refusal(OPEN, "shop.example.com", owned=True) is None


def test_a_listed_name_that_public_dns_never_answers_needs_only_the_list() -> None:
    assert refusal(OPEN, "web.perf.internal", owned=False) is None
    assert refusal(OPEN, "perf.internal", owned=False) is not None


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("localhost", "10.0.0.1", False),
        ("web.perf.internal", "10.0.0.1", True),
        ("web.perf.internal", "8.8.8.8", False),
        ("shop.example.com", "8.8.8.8", True),
        ("other.example.com", "8.8.8.8", False),
        ("203.0.113.9", "203.0.113.9", True),
    ],
)
def test_the_address_is_judged_again_at_connect(host: str, address: str, allowed: bool) -> None:
    assert (refusal_at_connect(OPEN, host, address) is None) is allowed


def test_loopback_is_free_and_other_hosts_have_caps_until_the_guard_says_more() -> None:
    assert caps(Guard(), "localhost").rate == math.inf
    assert (caps(Guard(), "10.0.0.1").rate, caps(Guard(), "10.0.0.1").users) == (500.0, 1000.0)
    assert caps(Guard(max_rate=2000.0, max_users=5), "10.0.0.1").rate == 2000.0
    assert caps(Guard(max_users=5), "127.0.0.1").users == 5


@pytest.mark.parametrize(
    ("url", "host"), [("http://LocalHost:80/x", "localhost"), ("http://[::1]:8000", "::1"), ("https://a.example.", "a.example")]
)
def test_the_host_of_a_url_is_what_would_be_looked_up(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_load_lasts_a_day_at_most_unless_the_guard_says_otherwise() -> None:
    assert caps(Guard(), "localhost").duration == 24 * 3600
    assert caps(Guard(max_duration=60), "localhost").duration == 60
