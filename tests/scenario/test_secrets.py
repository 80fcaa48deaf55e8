"""What is printed or stored has no secrets in it."""

import pytest
from pydantic import JsonValue

from perfkit.scenario import secrets
from perfkit.scenario.expressions import UndefinedName


def test_a_secret_comes_from_its_own_variable_before_the_plain_one() -> None:
    assert secrets.read("KEY", {"KEY": "plain-key", "PERFKIT_SECRET_KEY": "own-key"}) == "own-key"
    assert secrets.read("KEY", {"KEY": "plain-key"}) == "plain-key"


def test_an_absent_secret_says_what_to_export() -> None:
    with pytest.raises(UndefinedName, match="export DB or PERFKIT_SECRET_DB"):
        secrets.read("DB", {})


def test_a_secret_that_was_read_is_masked_by_value_everywhere() -> None:
    secrets.read("LONG", {"LONG": "tr0ub4dor&3"})

    assert secrets.mask({"note": ["user said tr0ub4dor&3!"]}) == {"note": ["user said ***!"]}


def test_a_very_short_secret_does_not_blank_out_innocent_text() -> None:
    secrets.read("SHORT", {"SHORT": "80"})

    assert secrets.mask_text("port 8080") == "port 8080"


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ({"Authorization": "Bearer abc"}, {"Authorization": "***"}),
        ({"Set-Cookie": "session=1"}, {"Set-Cookie": "***"}),
        ({"x-api-key": 12345}, {"x-api-key": "***"}),
        ({"json": {"password": "hunter2", "email": "a@b.c"}}, {"json": {"password": "***", "email": "a@b.c"}}),
        ({"credentials": {"user": "me", "pin": "0000"}}, {"credentials": {"user": "***", "pin": "***"}}),
        ({"Authorization": "Bearer ${token}"}, {"Authorization": "Bearer ${token}"}),
        ({"Authorization": "Bearer abc${token}"}, {"Authorization": "***"}),
        ("postgresql://me:pw@db/shop", "postgresql://me:***@db/shop"),
        ("/login?user=me&token=abc", "/login?user=me&token=***"),
        ("/login?token=${token}", "/login?token=${token}"),
        ("sent Bearer abcdefghij", "sent Bearer ***"),
        ("a basic understanding", "a basic ***"),
        ("nothing to hide", "nothing to hide"),
        (None, None),
    ],
)
def test_values_under_telling_names_are_masked(value: JsonValue, masked: JsonValue) -> None:
    assert secrets.mask(value) == masked
