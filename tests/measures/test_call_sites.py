"""Which function a call belongs to."""

from perfkit.measures.call_sites import function_of
from tests.builders import a_request, a_statement, a_wait, measures

HELPER = "shop/storage.py:26 in rows"
ORDERS = "shop/orders.py:27 in order_summaries"
REVIEWS = "shop/catalogue.py:40 in reviews_of"


def test_a_helper_that_several_functions_share_gives_way_to_its_caller() -> None:
    lines = a_statement("SELECT 1 FROM lines WHERE order_id = ?", call_site=f"{HELPER}\n{ORDERS}")
    reviews = a_statement("SELECT 1 FROM reviews WHERE product_id = ?", call_site=f"{HELPER}\n{REVIEWS}")

    seen = measures([a_request(statements=[lines, reviews])])

    assert sorted(seen.statements["call_site"].cast(str).to_list()) == sorted([ORDERS, REVIEWS])


def test_a_function_with_one_caller_is_itself_the_place() -> None:
    lines = a_statement("SELECT 1 FROM lines WHERE order_id = ?", call_site=f"{ORDERS}\nshop/orders.py:17 in orders")

    seen = measures([a_request(statements=[lines])])

    assert seen.statements["call_site"].cast(str).to_list() == [ORDERS]


def test_a_function_that_sends_one_statement_for_many_callers_is_itself_the_place() -> None:
    text = "SELECT value FROM settings WHERE name = ?"
    setting = "shop/orders.py:71 in setting"
    chains = [f"{setting}\n{caller}" for caller in ("shop/orders.py:60 in gross", "shop/orders.py:65 in line_view")]

    seen = measures([a_request(statements=[a_statement(text, call_site=chain) for chain in chains])])

    assert seen.statements["call_site"].cast(str).to_list() == [setting, setting]


def test_helpers_of_helpers_give_way_too() -> None:
    inner, outer = "shop/db.py:9 in execute", HELPER
    callers = (ORDERS, REVIEWS)
    plain = a_statement("SELECT 1 FROM tax", call_site=f"{inner}\nshop/tax.py:3 in tax")
    statements = [
        a_statement(f"SELECT {n} FROM t{n}", call_site=f"{inner}\n{outer}\n{caller}") for n, caller in enumerate(callers)
    ]

    seen = measures([a_request(statements=[*statements, plain])])

    assert seen.statements["call_site"].cast(str).to_list() == [*callers, "shop/tax.py:3 in tax"]


def test_a_site_without_its_line_names_file_and_function() -> None:
    assert function_of("shop/orders.py:41 in order_lines") == "shop/orders.py in order_lines"


def test_an_outbound_call_belongs_to_the_line_that_wants_its_answer() -> None:
    ask = "shop/shipping.py:29 in ask"
    lines = ["shop/shipping.py:37 in quote", "shop/shipping.py:38 in quote"]

    seen = measures([a_request(waits=[a_wait("outbound", call_site=f"{ask}\n{line}") for line in lines])])

    assert sorted(seen.waits["call_site"].cast(str).to_list()) == lines
