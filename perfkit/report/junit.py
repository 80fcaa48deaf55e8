"""The checks of a page as JUnit XML, for the test tab of a CI system."""

import xml.etree.ElementTree as ET
from typing import Final

from perfkit.page import Check, Page
from perfkit.report.visible import clip, one_line, visible

GROUPS: Final = ("objective", "rule", "run", "comparison")
LONGEST_NAME: Final = 300
_STATE_TAGS: Final = {"failed": "failure", "error": "error", "skipped": "skipped"}


def render(page: Page) -> str:
    """One suite per kind of check; a page without checks has no suites."""
    suites = ET.Element("testsuites", {"name": clip(one_line(page.title), LONGEST_NAME), **_counts(page.checks)})
    for group in GROUPS:
        checks = [check for check in page.checks if check.group == group]
        if checks:
            suite = ET.SubElement(
                suites, "testsuite", {"name": f"perfkit.{group}", **_counts(checks), "skipped": _count(checks, "skipped")}
            )
            for check in checks:
                _case(suite, check)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(suite: ET.Element, check: Check) -> None:
    name = clip(one_line(check.name), LONGEST_NAME)
    case = ET.SubElement(suite, "testcase", {"classname": f"perfkit.{check.group}", "name": name, "time": "0"})
    tag = _STATE_TAGS.get(check.state)
    if tag is None:
        return
    attributes = {"message": clip(one_line(check.message), LONGEST_NAME)}
    if tag != "skipped":
        attributes["type"] = check.group
    outcome = ET.SubElement(case, tag, attributes)
    if tag != "skipped":
        outcome.text = visible(check.message)


def _counts(checks: tuple[Check, ...] | list[Check]) -> dict[str, str]:
    return {"tests": str(len(checks)), "failures": _count(checks, "failed"), "errors": _count(checks, "error"), "time": "0"}


def _count(checks: tuple[Check, ...] | list[Check], state: str) -> str:
    return str(sum(check.state == state for check in checks))
