"""What two runs on record are said to show, and first of all that they are two runs."""

import json

from perfkit.compare import contract
from perfkit.compare.runs import counted, judge, times
from perfkit.compare.runs.on_record import OnRecord
from perfkit.compare.runs.page import page
from perfkit.compare.settings import Settings
from perfkit.compare.subject import Subject, Version
from perfkit.page import Page
from perfkit.report import html, junit, markdown, terminal
from tests.compare.runs.runs import a_record, requests

SUBJECT = Subject(
    "20261123-101500-compare-shop-4f2c1e0-9d8c7b6", "shop", "2026-11-23T10:15:00+00:00",
    Version("run", "reports/one", "4f2c1e0" * 5, shown="the run one"), Version("run", "reports/two", shown="the run two"),
)  # fmt: skip
SETTINGS = Settings(burst_sizes=())


def said(base: OnRecord, head: OnRecord) -> Page:
    figures = times.figures(base, head, 0)
    return page(judge.judge(base, head, counted.changes(base, head), figures, SETTINGS), SUBJECT, figures)


def test_it_says_first_that_these_are_separate_runs() -> None:
    shown = said(a_record(), a_record(requests(statements=3, seed=2)))

    assert shown.verdict.startswith("the run two is worse than the run one: GET /orders: statements 1 → 3")
    assert shown.reasons[0].startswith("These are two separate runs on a machine that drifts")
    assert "26 %" in shown.reasons[0]


def test_inconclusive_names_what_can_tell_instead_of_more_time() -> None:
    shown = said(a_record(), a_record(requests(time=0.021, seed=2)))

    assert shown.verdict.startswith("Inconclusive: nothing that could be counted changed, and times of two separate runs")
    (following,) = [reason for reason in shown.reasons if reason.startswith("next: ")]
    assert "`perfkit compare BASE HEAD --scenario ...`" in following


def test_every_view_of_it_renders() -> None:
    shown = said(a_record(), a_record(requests(statements=3, seed=2)))

    assert "block by block" in html.render(shown)
    assert "These are two separate runs" in markdown.render(shown)
    assert "statements 1 → 3" in terminal.render(shown)
    assert "GET /orders: statements" in junit.render(shown)


def test_the_contract_says_how_wide_the_noise_between_runs_is_taken() -> None:
    base, head = a_record(), a_record(requests(seed=2))
    comparison = judge.judge(base, head, (), times.figures(base, head, 0), SETTINGS)

    written = json.loads(contract.written(comparison, SUBJECT, 7))

    assert written["rules"]["between_runs"] == 0.26
    assert written["comparison"]["base"]["kind"] == "run"
    assert written["at_rate"] == {"why": "both runs have response times of their own, at the load that they had"}
