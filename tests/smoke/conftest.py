"""Which tests with real servers may run side by side: those that start programs and wait; what measures has the machine alone."""

from pathlib import Path
from typing import Final

import pytest

SMOKE: Final = Path(__file__).parent
# Those that take longest come first: the last one to begin should be short.
TOGETHER: Final = (
    "test_compare_in_ci",
    "test_capacity_answers",
    "test_bisect",
    "test_compare_why",
    "test_capacity",
    "test_compare",
    "test_capacity_settings",
    "test_compare_instructions",
    "test_compare_bad_input",
    "test_bench_compare",
    "test_compare_sides",
    "test_compare_interrupted",
    "test_control",
    "test_history",
    "test_load_disasters",
    "test_bad_input",
    "test_collectors",
    "test_compare_runs",
    "test_compare_tiers",
    "test_conversations",
    "test_counting_by_monitoring",
    "test_hooks_outbound",
    "test_hooks_postgres",
    "test_http2",
    "test_limits",
    "test_load_faults",
    "test_load_redirects",
    "test_load_stages",
    "test_load_tls",
    "test_many",
    "test_probe_servers",
    "test_report_in_browser",
    "test_secrets",
    "test_target",
    "test_unix_sockets",
)
# Of those files: what looks at figures while they move.
ALONE: Final = frozenset(
    {
        "test_the_web_ui_shows_perfkits_figures_and_its_stop_drains",
        "test_a_regression_beyond_the_margin_ends_it_early",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(SMOKE):
            is_together = item.path.stem in TOGETHER and item.name not in ALONE
            item.add_marker("together" if is_together else "alone")
    places = {name: place for place, name in enumerate(TOGETHER)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
