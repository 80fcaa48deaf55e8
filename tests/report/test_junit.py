"""The checks of a page as JUnit XML."""

import xml.etree.ElementTree as ET

from perfkit.page import Check
from perfkit.report import junit
from tests.report.pages import a_page, hostile_page

GOLDEN = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="shop" tests="4" failures="1" errors="1" time="0">
  <testsuite name="perfkit.objective" tests="2" failures="1" errors="0" time="0" skipped="0">
    <testcase classname="perfkit.objective" name="GET /orders p95 &lt; 300ms" time="0">
      <failure message="measured 412 ms" type="objective">measured 412 ms</failure>
    </testcase>
    <testcase classname="perfkit.objective" name="all errors &lt; 1%" time="0" />
  </testsuite>
  <testsuite name="perfkit.rule" tests="2" failures="0" errors="1" time="0" skipped="1">
    <testcase classname="perfkit.rule" name="memory-growth" time="0">
      <skipped message="the run was too short" />
    </testcase>
    <testcase classname="perfkit.rule" name="missing-index" time="0">
      <error message="KeyError: 'plan'" type="rule">KeyError: 'plan'</error>
    </testcase>
  </testsuite>
</testsuites>
"""


def test_the_whole_file_reads_like_this() -> None:
    checks = (
        Check("memory-growth", "rule", "skipped", "the run was too short"),
        Check("GET /orders p95 < 300ms", "objective", "failed", "measured 412 ms"),
        Check("all errors < 1%", "objective", "passed"),
        Check("missing-index", "rule", "error", "KeyError: 'plan'"),
    )

    assert junit.render(a_page(checks=checks)) == GOLDEN


def test_hostile_names_leave_the_file_well_formed() -> None:
    tree = ET.fromstring(junit.render(hostile_page()))

    assert tree.get("failures") == str(len(hostile_page().checks))


def test_a_page_without_checks_is_an_empty_report() -> None:
    assert ET.fromstring(junit.render(a_page())).get("tests") == "0"
