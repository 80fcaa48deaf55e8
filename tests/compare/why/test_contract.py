"""The key `why` of comparison.json, and what the report makes of the same."""

import json

from perfkit.compare.change import Change
from perfkit.compare.judge import judge
from perfkit.compare.observed import Observed
from perfkit.compare.pages import why as pages
from perfkit.compare.pages.page import page
from perfkit.compare.settings import Settings
from perfkit.compare.why.contract import content
from perfkit.compare.why.explain import Effort, explain
from perfkit.compare.why.explanation import Explanation
from perfkit.compare.why.why import NOTHING_REGRESSED, burst_of, everything, regressed
from perfkit.evidence import Missing
from perfkit.page import Flame, Page, Table
from perfkit.report import html, markdown
from tests.builders import a_statement, many
from tests.compare.tables import Endpoint, some_bursts, some_pairs
from tests.compare.test_contract import SUBJECT
from tests.compare.why.recordings import ENDPOINT, VIEW, a_version, some_seen

HOSTILE = "<script>alert(1)</script> (/srv/base/shop/<b>.py:3)"
LINES = "SELECT * FROM lines WHERE order_id = ?"


def an_explanation() -> Explanation:
    """A function with a hostile name and one statement more."""
    base = many(60, wall_time=0.02, cpu_time=0.01, statements=[a_statement(LINES, wall_time=0.002)])
    more = [a_statement(LINES, wall_time=0.002)] * 4
    head = many(60, wall_time=0.026, cpu_time=0.01, statements=more)
    times = {(VIEW,): 0.002, (VIEW, HOSTILE): 0.001}
    return explain(
        a_version("base", base, some_seen(times, 1)),
        a_version("head", head, some_seen(times | {(VIEW, HOSTILE): 0.006}, 2)),
        (ENDPOINT,),
        Effort(48.0, 8, ("py-spy doubts 2 of 16 stretches",)),
    )


def a_page(explanation: Explanation | Missing) -> Page:
    return page(judge(Observed(some_pairs(Endpoint(change=0.3), blocks=16)), Settings()), SUBJECT, explanation)


def test_everything_is_written_down_for_machines() -> None:
    written = json.loads(json.dumps(content(an_explanation()), allow_nan=False))

    assert written["endpoints"] == [ENDPOINT]
    assert written["breakdown"][0]["parts"]["database"]["significant"]
    first = written["functions"][0]
    assert (first["function"], first["significant"], first["profiler"]) == ("<script>alert(1)</script>", True, "py-spy")
    assert first["with_calls"]["interval"][0] > 0
    assert written["statements"][0]["count"] == {"base": 1.0, "head": 4.0}
    assert any("pyinstrument" in why for why in written["missing"])


def test_a_comparison_in_which_nothing_regressed_says_that_no_time_was_spent() -> None:
    assert content(NOTHING_REGRESSED) == {"why": NOTHING_REGRESSED.why}
    section = next(section for section in a_page(NOTHING_REGRESSED).sections if section.title == pages.TITLE)
    assert "no time was spent on profiles" in str(section)


def test_three_lines_say_part_function_and_statement() -> None:
    part, function, statement = pages.lines(an_explanation())

    assert part.startswith("why: GET /orders: +6 ms [+6 ms, +6 ms] of mean server time, all of it database")
    assert "<script>alert(1)</script> (shop/<b>.py:3)" in function
    assert "a request" in function
    assert statement.startswith(f"why: GET /orders: more often 1 → 4 times: {LINES} at shop/orders.py:41 in order_lines")


def test_a_pull_request_comment_and_the_terminal_have_the_three_lines() -> None:
    text = markdown.render(a_page(an_explanation()))

    assert text.count("- why: ") == 3
    assert "<script>" not in text.replace("\\<", "")


def test_names_of_the_target_are_text_in_the_report() -> None:
    written = html.render(a_page(an_explanation()))

    assert "<script>alert(1)" not in written
    assert "▲ slower" in written


def test_the_merged_flame_carries_both_versions_and_their_change() -> None:
    section = pages.section(an_explanation())

    (flame,) = [block for block in section.blocks if isinstance(block, Flame)]
    view = flame.root.children[0]
    assert view.versions is not None
    assert view.versions.head > view.versions.base
    assert view.value == (view.versions.base + view.versions.head) / 2
    assert view.versions.change is not None


def test_the_list_of_functions_has_ten_rows_at_most() -> None:
    times: dict[tuple[str, ...], float] = {
        (VIEW, f"step_{number} (/srv/base/shop/steps.py:{number})"): 0.001 for number in range(30)
    }
    found = explain(
        a_version("base", stacks=some_seen(times, 3)), a_version("head", stacks=some_seen(times, 4)), (ENDPOINT,), Effort(1, 8)
    )

    (table,) = [
        block for block in pages.section(found).blocks if isinstance(block, Table) and block.title.startswith("Functions")
    ]

    assert len(found.functions) > len(table.rows) == 10


def test_what_is_explained_is_what_failed_the_comparison() -> None:
    slower = judge(Observed(some_pairs(Endpoint(change=0.3), Endpoint("GET /products"), blocks=24)), Settings())
    same = judge(Observed(some_pairs(Endpoint(), blocks=24)), Settings())
    counted = judge(Observed(some_pairs(blocks=24), counters=(Change("GET /orders", "statements", 1, 2, ""),)), Settings())
    bytes_only = judge(Observed(some_pairs(blocks=24), counters=(Change("GET /orders", "bytes", 1, 2000, ""),)), Settings())

    assert regressed(slower) == ("GET /orders",)
    assert regressed(same) == ()
    assert everything(same) == ("GET /orders",)
    assert regressed(counted) == ("GET /orders",)
    assert regressed(bytes_only) == ()


def test_what_is_slower_in_bursts_only_is_profiled_in_bursts() -> None:
    settings = Settings()
    crowded = judge(Observed(some_pairs(blocks=40), some_bursts(change=0.5, sizes=(8,), blocks=40)), settings)
    alone = judge(Observed(some_pairs(Endpoint(change=0.3), blocks=40), some_bursts(change=0.5, sizes=(8,), blocks=40)), settings)

    assert burst_of(crowded, regressed(crowded)) == 8
    assert burst_of(alone, regressed(alone)) == 1
