"""What a comparison says to its readers."""

import xml.etree.ElementTree as ET

import polars as pl
from plotly import graph_objects

from perfkit.compare.change import Change
from perfkit.compare.compare import EXIT_CODES
from perfkit.compare.comparison import Answer
from perfkit.compare.judge import judge
from perfkit.compare.observed import Observed
from perfkit.compare.pages.page import page
from perfkit.compare.settings import Load, Settings
from perfkit.evidence import Missing
from perfkit.page import Chart, Fold, Page
from perfkit.report import charts, html, junit, markdown, terminal
from perfkit.stats.queueing import Discipline
from tests.compare.tables import Endpoint, some_bursts, some_pairs
from tests.compare.test_contract import SUBJECT

STATEMENT = "new: SELECT * FROM lines WHERE order_id = ? at shop/orders.py:41"


def a_page(observed: Observed, settings: Settings | None = None) -> Page:
    return page(judge(observed, settings or Settings()), SUBJECT)


def a_regression() -> Page:
    pairs = some_pairs(Endpoint(change=0.05), Endpoint("GET /products", 0.0004))
    load = Load(100.0, 2, Discipline.SHARING)
    changes = (Change("GET /orders", "statements", 3, 14, STATEMENT),)
    return a_page(Observed(pairs, some_bursts(), changes, 60.0, 60.0), Settings(load=load))


def test_a_regression_is_said_with_its_place_and_its_interval() -> None:
    said = a_regression()

    assert said.mood == "bad"
    assert said.verdict.startswith("the working tree is worse than main (4f2c1e0): GET /orders: statements 3 → 14")
    assert "server time +5." in said.verdict or "server time +4." in said.verdict


def test_times_that_the_gate_does_not_name_are_not_said_to_be_missing() -> None:
    compared = a_page(Observed(some_pairs(), counters=()), Settings(gate=frozenset({"statements"})))
    counted = a_page(Observed(Missing("--tiers left it out"), counters=()), Settings(gate=frozenset({"statements"})))

    assert compared.verdict.endswith("times are not in compare.gate, so they decide nothing")
    assert counted.verdict.endswith("times were not compared")


def test_a_pull_request_comment_has_the_verdict_the_statement_and_the_endpoints() -> None:
    text = markdown.render(a_regression())

    assert text.startswith("## ✕ Problem: the working tree is worse than main")
    assert "shop/orders.py:41" in text
    assert "| `GET /products` | equivalent |" in text


def test_every_chart_is_one_that_plotly_can_draw() -> None:
    blocks = [block for section in a_regression().sections for block in section.blocks]
    blocks += [inner for block in blocks if isinstance(block, Fold) for inner in block.blocks]
    drawn = [block for block in blocks if isinstance(block, Chart)]

    assert {"Change of server time", "Change under bursts", "Change in every block"} <= {chart.title for chart in drawn}
    for chart in drawn:
        figure = charts.figure(chart)
        graph_objects.Figure(data=figure["data"], layout=figure["layout"])  # type: ignore[index,call-overload]


def test_the_whole_page_renders() -> None:
    said = a_regression()

    assert "Was it fit to judge" in html.render(said)
    assert "GET /orders" in terminal.render(said)


def test_a_test_report_fails_what_regressed_and_skips_what_was_not_decided() -> None:
    said = a_page(Observed(some_pairs(Endpoint(change=0.05), Endpoint("GET /noisy"), noise=0.01), some_bursts(noise=0.3)))

    suites = ET.fromstring(junit.render(said))
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    assert cases["GET /orders: server time"].find("failure") is not None
    assert cases["GET /noisy: server time"].find("failure") is None
    assert cases["GET /orders: last of 8 at once"].find("skipped") is not None


def test_equivalent_says_how_large_a_slowdown_is_excluded_and_what_is_not() -> None:
    said = a_page(Observed(some_pairs(), some_bursts(noise=0.3)))

    assert said.mood == "good"
    assert said.verdict.startswith("No slowdown larger than 3 % of the typical request of the only endpoint (")
    assert any("of the slow requests' and the bursts' figures" in reason for reason in said.reasons)


def test_inconclusive_says_how_much_longer_it_would_take() -> None:
    said = a_page(Observed(some_pairs(noise=0.12, bias=0.0, blocks=20), pairs_lasted=20.0))

    assert said.verdict.startswith("Inconclusive: about ")
    assert said.mood == "warn"
    assert any(reason.startswith("next: the same again with --budget ") for reason in said.reasons)


def test_too_few_blocks_are_said_in_words() -> None:
    said = a_page(Observed(some_pairs(blocks=4), some_bursts(blocks=4), pairs_lasted=4.0))

    assert said.verdict.startswith("Inconclusive: too few blocks were measured to decide anything; it takes ")
    assert any("(too few blocks for an interval) is inconclusive" in reason for reason in said.reasons)
    for view in (terminal.render(said), markdown.render(said), html.render(said)):
        assert "∞" not in view
        assert "inf %" not in view


def test_a_machine_on_which_nothing_can_be_decided_is_not_sent_on_for_hours() -> None:
    said = a_page(Observed(some_pairs(noise=0.12, bias=0.0, blocks=20), pairs_lasted=2000.0))

    (advice,) = (reason for reason in said.reasons if reason.startswith("next: "))
    assert advice.startswith("next: a quieter machine, or a question that this one can answer: --margin ")


def test_answers_that_differ_are_said_before_any_time() -> None:
    changes = (Change("GET /orders", "body", "one answer", "another", "$.total differs"),)

    said = a_page(Observed(some_pairs(Endpoint(change=0.05)), counters=changes))

    assert said.verdict.startswith("The two versions do not answer alike (GET /orders); the working tree is worse than")
    assert "a faster wrong answer is no improvement" in said.reasons[0]


def test_a_comparison_of_nothing_says_so() -> None:
    said = a_page(Observed(Missing("--tiers left it out")))

    assert said.verdict == "Inconclusive: nothing that decides was measured"
    assert "not measured: alternation: --tiers left it out" in said.reasons
    assert "No times were compared." in html.render(said)


def test_a_machine_that_is_far_too_noisy_is_told_in_a_sentence_of_its_own() -> None:
    # Every other block of both versions is slower, in the order that drifts cannot explain.
    slow = pl.when((pl.col("block") % 4).is_in([1, 2])).then(2.0).otherwise(1.0)
    said = a_page(Observed(some_pairs().with_columns(pl.col("base_server", "head_server") * slow)))

    assert said.verdict.startswith("No verdict about times: the base differs from itself on this machine")
    assert said.mood == "warn"
    assert EXIT_CODES[Answer.UNSTABLE] == 7
    assert any("quieter" in reason for reason in said.reasons)
