"""What a frame and a call site say."""

import pytest

from perfkit.measures.profiles import Place, is_same_function, read_call_site, read_frame


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("order_lines (shop/orders.py:41)", Place("order_lines", "shop/orders.py", 41)),
        ("<listcomp> (/srv/my shop (2)/orders.py:7)", Place("<listcomp>", "/srv/my shop (2)/orders.py", 7)),
        ("_PyEval_EvalFrame (libpython3.so)", Place("_PyEval_EvalFrame", "libpython3.so", 0)),
        ("no frame", Place("no frame", "", 0)),
    ],
)
def test_frames(text: str, place: Place) -> None:
    assert read_frame(text) == place


def test_call_sites() -> None:
    assert read_call_site("shop/orders.py:41 in Order.lines") == Place("Order.lines", "shop/orders.py", 41)
    assert read_call_site("") == Place("", "", 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Place("f", "shop/orders.py", 1), Place("f", "/srv/app/shop/orders.py", 9), True),
        (Place("Order.f", "/srv/app/shop/orders.py", 1), Place("f", "shop/orders.py", 9), True),
        (Place("f", "shop/orders.py", 1), Place("f", "/srv/workshop/orders.py", 1), False),
        (Place("f", "orders.py", 1), Place("g", "orders.py", 1), False),
        (Place("f", "", 1), Place("f", "orders.py", 1), False),
    ],
)
def test_one_function_under_two_paths(one: Place, other: Place, *, same: bool) -> None:
    assert is_same_function(one, other) is same
