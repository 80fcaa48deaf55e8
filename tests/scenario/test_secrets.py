"""What is printed or stored has no secrets in it."""

import base64

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


@pytest.mark.parametrize(
    "form",
    [
        'pa"ss w/ö+d',
        "pa%22ss%20w%2F%C3%B6%2Bd",
        "pa%22ss%20w/%C3%B6%2Bd",
        "pa%22ss%20w/%c3%b6%2bd",
        "pa%22ss+w%2F%C3%B6%2Bd",
        'pa\\"ss w/ö+d',
        'pa\\"ss w/\\u00f6+d',
        "pa&quot;ss w/ö+d",
        'pa"ss w/Ã¶+d',
    ],
)
def test_a_secret_is_masked_in_every_form_in_which_it_travels(form: str) -> None:
    secrets.read("ODD", {"ODD": 'pa"ss w/ö+d'})

    assert secrets.mask_text(f"before {form} after") == "before *** after"


@pytest.mark.parametrize("before", ["", "u", "us", "user:"])
def test_a_secret_is_masked_inside_what_was_encoded_with_something_before_it(before: str) -> None:
    secrets.read("BASIC", {"BASIC": "correct-horse-battery"})
    encoded = base64.b64encode(f"{before}correct-horse-battery".encode()).decode()

    masked = secrets.mask_text(f"token {encoded}")

    assert secrets.MASK in masked
    assert not any(encoded[start : start + 8] in masked for start in range(4, len(encoded) - 12))


def test_secrets_that_a_text_names_are_known_before_they_are_used() -> None:
    secrets.learn('{"key": "${secret.AHEAD}", "other": "${secret.NOT_SET}"}', {"AHEAD": "known-in-advance"})

    assert secrets.mask_text("known-in-advance") == "***"
