"""What the report of a run says: the verdict in every combination, cards, and what could not be known."""

import math
from typing import Any

import polars as pl
import pytest

from perfkit.analyze.judge import judge
from perfkit.analyze.pages import findings, method, verdict
from perfkit.analyze.pages.page import page
from perfkit.detectors.catalogue import DETECTORS
from perfkit.evidence import Caveat, Missing
from perfkit.finding import Analysis, Exhibit, Finding, Level, Skipped
from perfkit.measures.connections import opened
from perfkit.page import Block, Card, Chart, Code, Flame, Fold, Page, Section, Table, Text
from perfkit.report import html, junit, markdown, terminal
from perfkit.scenario.model import Slo
from perfkit.slo.judge import Outcome, Verdict, VerdictState
from perfkit.validity import State, Validity
from tests.analyze.rules import a_finding, a_rule, raising, saying
from tests.builders import Request, a_host, a_memory, a_run, a_stack, a_statement, many, measures

HINT = a_finding(level=Level.HINT)


def an_analysis(
    *found: Finding, slo: VerdictState = "met", validity: State = "valid", outcomes: tuple[Outcome, ...] = (), **fields: Any
) -> Analysis:
    known: dict[str, Any] = {
        "findings": found, "clean": (), "skipped": (), "failed": (), "slo": Verdict(slo, outcomes),
        "validity": Validity(validity, () if validity == "valid" else ("the generator was busy",)),
        "endpoints": pl.DataFrame(), "breakdown": None, "total": {}, "observer": {},
    }  # fmt: skip
    return Analysis(**(known | fields))


@pytest.mark.parametrize(
    ("slo", "validity", "found", "sentence", "mood"),
    [
        ("met", "valid", (), "Objectives met; nothing to fix was found", "good"),
        ("met", "valid", (HINT,), "Objectives met; nothing to fix was found", "good"),
        ("met", "valid", (a_finding(),), "Objectives met; 1 thing to fix", "good"),
        ("met", "suspect", (a_finding(), a_finding()), "Objectives met; 2 things to fix; the run is suspect", "warn"),
        ("missed", "valid", (), "Objectives missed; nothing to fix was found", "bad"),
        ("missed", "suspect", (a_finding(),), "Objectives missed; 1 thing to fix; the run is suspect", "bad"),
        (
            "inconclusive",
            "valid",
            (),
            "Too little was measured to say whether the objectives are met; nothing to fix was found",
            "warn",
        ),
        ("none", "valid", (), "No objectives were given; nothing to fix was found", "neutral"),
        ("none", "suspect", (), "No objectives were given; nothing to fix was found; the run is suspect", "warn"),
        *(
            (
                state,
                "invalid",
                (a_finding(),),
                "This run is invalid: its figures say more about the load generator than about the target",
                "bad",
            )
            for state in ("met", "missed", "inconclusive", "none")
        ),
    ],
)
def test_the_verdict_is_one_sentence(
    slo: VerdictState, validity: State, found: tuple[Finding, ...], sentence: str, mood: str
) -> None:
    analysis = an_analysis(*found, slo=slo, validity=validity)

    assert verdict.sentence(analysis) == sentence
    assert verdict.mood(analysis) == mood


def test_reasons_come_validity_first_then_what_is_not_met_then_doubts() -> None:
    outcomes = (
        Outcome("GET /a", "p95 < 1s", "met", 0.2, None),
        Outcome("GET /b", "p95 < 1s", "missed", 2.0, (1.9, 2.1)),
        Outcome("GET /c", "p95 < 1s", "inconclusive", 2.0, None, "12 requests are fewer than min_samples (100)"),
    )
    analysis = an_analysis(slo="missed", validity="suspect", outcomes=outcomes, caveats=(Caveat("torn"),))

    assert verdict.reasons(analysis, a_run()) == (
        "the run is suspect: the generator was busy",
        "GET /b: p95 < 1s is missed: it was 2 s",
        "GET /c: p95 < 1s is inconclusive: it was 2 s; 12 requests are fewer than min_samples (100)",
        "torn",
    )


@pytest.mark.parametrize(
    ("objective", "value", "shown"),
    [
        ("p95 < 300ms", 0.212, "212 ms"),
        ("errors < 0.5%", 0.004, "0.4 %"),
        ("rate >= 40/s", 39.5, "39.5/s"),
        ("dropped == 0", 3.0, "3"),
        ("queries <= 3", 14.0, "14"),
        ("p95 < 300ms", None, "–"),
    ],
)
def test_a_figure_is_shown_in_the_unit_of_its_objective(objective: str, value: float | None, shown: str) -> None:
    assert verdict.shown(objective, value) == shown


def test_a_card_has_place_numbers_proof_and_fix() -> None:
    finding = a_finding(
        saving_interval=(0.008, 0.012),
        share_of_server_time=0.21,
        call_site="shop/orders.py:41 in order_lines",
        statement="SELECT 1",
        exhibits=(Exhibit("slowest", pl.DataFrame({"wall_time": [0.1], "call_site": ["a"], "at": ["x"], "rows": [3]})),),
        caveats=(Caveat("a doubt"),),
        fix="Use selectinload.",
    )

    card = findings.card(finding, {"slow-thing": "Things are slow.\n\nWhy"})

    assert (card.id, card.title, card.badge, card.place) == (finding.fingerprint, "A thing is slow", "measured", "GET /orders")
    assert card.message == "it is slow"
    assert card.fix == "Use selectinload."
    assert card.facts == (
        ("saving", "up to 10 ms a request (at least 8 ms)"),
        ("of all server time", "up to 21 %"),
        ("call site", "shop/orders.py:41 in order_lines"),
        ("how we know", "counted in this run; the fix itself was not tried"),
    )
    code, table, fold = card.blocks
    assert code == Code("SELECT 1", "sql")
    assert isinstance(table, Table)
    assert [(column.title, column.unit) for column in table.columns] == [
        ("wall", "time"),
        ("call site", "code"),
        ("at", "text"),
        ("rows", "number"),
    ]
    assert fold == Fold("About this rule", (Text("Things are slow.\n\nWhy"),))
    assert card.caveats == ("a doubt",)


def test_a_card_without_saving_or_call_site_says_only_how_we_know() -> None:
    card = findings.card(a_finding(saving=None), {})

    assert card.facts == (("how we know", "counted in this run; the fix itself was not tried"),)


def test_a_share_without_a_saving_does_not_push_the_others_out_of_order() -> None:
    card = findings.card(a_finding(saving=None, share_of_server_time=0.3, call_site="a.py:1 in b"), {})

    assert [name for name, _ in card.facts] == ["call site", "of all server time", "how we know"]


def test_a_saving_never_promises_less_than_nothing() -> None:
    assert findings.saving(a_finding(saving_interval=(-0.01, 0.02))) == "up to 10 ms a request (at least 0 s)"
    assert findings.saving(a_finding(saving_interval=(0.010, 0.02))) == "up to 10 ms a request"


def test_the_eighth_finding_is_folded_and_hints_stand_below() -> None:
    analysis = an_analysis(*(a_finding(a_rule(f"r{i}")) for i in range(9)), HINT, a_finding(level=Level.REFUTED))

    fix, hints = findings.sections(analysis, ())

    assert [type(block) for block in fix.blocks] == [Card] * 7 + [Fold]
    assert fold_of(fix).title == "2 more, with less at stake"
    assert fold_of(hints).title == "2 hints"


def test_nothing_found_is_said_and_points_at_what_could_not_look() -> None:
    (section,) = findings.sections(an_analysis(), ())

    (text,) = section.blocks
    assert isinstance(text, Text)
    assert text.text.startswith("Nothing was found above the thresholds")


def test_a_long_exhibit_says_how_much_is_left_out() -> None:
    table = findings.table(Exhibit("rows", pl.DataFrame({"n": list(range(15))})))

    assert len(table.rows) == 12
    assert table.note == "3 more rows in findings.json"


def test_rules_that_found_nothing_say_why() -> None:
    failed = raising(ValueError("no such column"), rule=a_rule("broken"))
    blind = a_rule("blind")
    analysis = judge(measures(many(100)), Slo(), (failed, saying(Skipped(blind, "no plan"), rule=blind), saying()))

    (table,) = method.rules(analysis).blocks

    assert isinstance(table, Table)
    assert [(row[0], row[2], row[3]) for row in table.rows] == [
        ("broken", "failed", "a bug of perfkit's: ValueError: no such column"),
        ("blind", "not tested", "no plan"),
        ("slow-thing", "clean", "looked, and found nothing above its thresholds"),
    ]


def test_what_opening_connections_took_is_told_with_tcp_and_tls_apart() -> None:
    first = many(2, sample={"connect_time": 0.002, "tls_time": 0.03, "reconnect": True})

    rows = method.connections(opened(measures([*first, *many(98)]).samples))

    assert rows == [
        ("connections opened, of them again", "2 for 100 requests, 2"),
        ("connecting (name and TCP), p50 and p99", "2 ms, 2 ms"),
        ("TLS handshake, p50 and p99", "30 ms, 30 ms"),
    ]


def test_a_run_of_before_handshakes_had_a_time_says_nothing_of_them() -> None:
    samples = measures(many(10, sample={"connect_time": 0.002, "tls_time": None})).samples

    assert [what for what, _ in method.connections(opened(samples))] == [
        "connections opened, of them again",
        "connecting (name and TCP), p50 and p99",
    ]


def test_observers_and_hooks_that_failed_are_told() -> None:
    run = a_run(
        observers={"traces": "ok", "stacks": "py-spy may not trace pid 41"},
        hooks=(
            {"pid": 1, "name": "sqlite3", "state": "installed", "version": "3.45", "why": ""},
            {"pid": 2, "name": "sqlite3", "state": "installed", "version": "3.45", "why": ""},
            {"pid": 1, "name": "psycopg", "state": "failed", "version": None, "why": "no cursor"},
        ),
    )

    assert method.observers(run).rows == (
        ("stacks", "observer", "missing", "py-spy may not trace pid 41"),
        ("traces", "observer", "works", ""),
        ("psycopg", "hook", "failed", "no cursor"),
        ("sqlite3 3.45", "hook", "installed", ""),
    )


def whole(requests: list[Request], slo: Slo | None = None, **tables: Any) -> Page:
    evidence = measures(requests, **tables)
    return page(judge(evidence, slo or Slo()), evidence)


def a_rich_page() -> Page:
    return whole(
        many(100, statements=lambda i: [a_statement(parameters=i)]) + many(40, endpoint="GET /cheap", phase="profile"),
        stacks=[a_stack("run (/app/run.py:1)", "order (/srv/shop/orders.py:41)", samples=50)],
        call_trees=[a_stack("order (/srv/shop/orders.py:41)", samples=30)],
        memory=[a_memory(float(second)) for second in range(150)],
        host=[a_host(float(second), target_cpu=second * 0.2) for second in range(150)],
    )


def blocks(page_: Page) -> list[Block]:
    return [block for section in page_.sections for block in section.blocks]


def fold_of(section: Section) -> Fold:
    fold = section.blocks[-1]
    assert isinstance(fold, Fold)
    return fold


def test_the_page_has_every_section_in_reading_order() -> None:
    assert [section.title for section in a_rich_page().sections] == [
        "At a glance",
        "What to fix",
        "Objectives",
        "Endpoints",
        "Response times",
        "Where the time goes",
        "What it was limited by",
        "Statements",
        "Functions",
        "Memory",
        "Rules that found nothing",
        "How it was measured",
    ]


def test_the_summary_has_the_table_of_endpoints() -> None:
    summary = markdown.render(a_rich_page())

    assert "### Endpoints in the measure phase" in summary


def test_charts_and_flames_hold_only_finite_numbers() -> None:
    charts = [block for block in blocks(a_rich_page()) if isinstance(block, Chart)]

    assert len(charts) >= 5
    assert [
        chart.title for chart in charts for line in chart.series for y in line.ys if y is not None and not math.isfinite(y)
    ] == []


def test_a_flame_shows_the_users_frames_below_its_endpoint() -> None:
    flames = [block for block in blocks(a_rich_page()) if isinstance(block, Flame)]

    assert [flame.title for flame in flames] == [
        "GET /orders — on the processor (py-spy)",
        "GET /orders — wall clock (pyinstrument)",
    ]
    (run,) = flames[0].root.children
    (order,) = run.children
    assert (order.name, order.place, order.own) == ("order", "/srv/shop/orders.py:41", True)


def test_what_was_not_observed_says_so_in_its_section() -> None:
    attached = Missing("perfkit did not start the target")
    said = whole(many(100), traces=attached, stacks=attached, call_trees=attached, memory=attached)
    texts = {section.title: [b.text for b in section.blocks if isinstance(b, Text)] for section in said.sections}

    for title in ("Where the time goes", "Statements", "Memory"):
        assert texts[title] == ["Not known: perfkit did not start the target."]
    assert texts["Functions"] == [
        "No flames on the processor (py-spy): perfkit did not start the target.",
        "No flames wall clock (pyinstrument): perfkit did not start the target.",
    ]


@pytest.mark.parametrize("requests", [[], many(1), many(30, status=500)], ids=["none", "one", "only errors"])
def test_a_thin_run_still_makes_every_view(requests: list[Request]) -> None:
    said = whole(requests, run=a_run(generator=None, serving=(), intervals=()))

    assert "<html" in html.render(said)
    assert markdown.render(said).startswith("## ")
    assert junit.render(said).startswith("<?xml")
    assert terminal.render(said)


def test_checks_are_objectives_that_fail_rules_that_inform_and_our_bugs() -> None:
    broken, blind = a_rule("broken"), a_rule("blind")
    detectors = (
        saying(a_finding(), a_finding(level=Level.HINT)),
        raising(ValueError("x"), rule=broken),
        saying(Skipped(blind, "no plan"), rule=blind),
        saying(rule=a_rule("quiet")),
    )
    slo = Slo.model_validate({"GET /orders": ["p95 < 1ms", "p50 < 1s"], "GET /gone": ["p95 < 1s"]})
    evidence = measures(many(100))
    checks = page(judge(evidence, slo, detectors), evidence).checks

    assert [(check.group, check.name, check.state) for check in checks] == [
        ("run", "the run is fit to judge", "passed"),
        ("objective", "GET /orders: p95 < 1ms", "failed"),
        ("objective", "GET /orders: p50 < 1s", "passed"),
        ("objective", "GET /gone: p95 < 1s", "skipped"),
        ("rule", "slow-thing", "passed"),
        ("rule", "quiet", "passed"),
        ("rule", "blind", "skipped"),
        ("rule", "broken", "error"),
    ]


def test_a_failed_objective_says_by_how_much() -> None:
    slo = Slo.model_validate({"GET /orders": ["p95 < 1ms"]})
    evidence = measures(many(100))
    (_, check, *_) = page(judge(evidence, slo, ()), evidence).checks

    assert check.message == "it was 22 ms"


def test_a_rule_with_hints_only_is_not_lost_among_the_checks() -> None:
    evidence = measures(many(100))
    checks = page(judge(evidence, Slo(), (saying(HINT),)), evidence).checks

    assert [(check.name, check.state, check.message) for check in checks if check.group == "rule"] == [
        ("slow-thing", "passed", "hint: GET /orders: it is slow")
    ]


def test_every_rule_of_the_catalogue_has_its_page_on_its_card() -> None:
    assert [detector.RULE.id for detector in DETECTORS if "What it cannot see" not in findings.rule_page(detector)] == []
