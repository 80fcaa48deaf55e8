"""Locust's own web UI, on loopback, with perfkit's figures in it; the load stays the scenario's.

Locust's statistics are filled from what the plane has counted: response times from when a request was due, of successes only, and
unrounded. What would start, change or reset a load is refused; stop drains, as an interrupt does.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import gevent
from flask import Response, jsonify, request
from gevent.pywsgi import WSGIServer
from locust.env import Environment
from locust.runners import STATE_CLEANUP, STATE_RUNNING, LocalRunner
from locust.stats import StatsEntry, StatsError, stats_history

from perfkit.load.account import Cell
from perfkit.load.exchange import ERRORS
from perfkit.load.web_gate import LOOPBACK, Gate
from perfkit.scenario.model import Scenario, requests_of
from perfkit.scenario.request import step_name
from perfkit.stats.histogram import Histogram

# A tab of its own beside Locust's: quantiles with their digits, which Locust's table rounds to milliseconds.
TAB: Final = "perfkit"
COLUMNS: Final = (
    *(("endpoint", "Endpoint"), ("requests", "# Requests"), ("failures", "# Failures")),
    *(("p50", "p50 (ms)"), ("p95", "p95 (ms)"), ("p99", "p99 (ms)"), ("max", "max (ms)")),
)
# Edit and New open the form that starts a load, Reset throws figures away: the gate refuses both, so they are not shown.
STYLE: Final = b"""<style>
.MuiButton-contained:is(.MuiButton-colorSecondary, .MuiButton-colorWarning, .MuiButton-colorSuccess) { display: none !important }
</style>
"""
_QUANTILES: Final = (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))


class Runner(LocalRunner):
    """Locust's runner as far as its web UI looks at it: the users are the plane's, and stopping is asking it to drain."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.users_at_work: Callable[[], int] = lambda: 0
        self.drain: Callable[[], None] = lambda: None

    @property
    def user_count(self) -> int:
        return self.users_at_work()

    def stop(self) -> None:
        self.state = STATE_CLEANUP
        self.drain()


@dataclass(slots=True)
class Row:
    """One endpoint, or all of them, in perfkit's own tab."""

    times: Histogram
    requests: int = 0
    failures: int = 0


class Web:
    """The UI of one load; it is told of what has ended, five times a second."""

    def __init__(self, environment: Environment, runner: Runner, scenario: Scenario) -> None:
        environment.host = scenario.target.base_url
        environment.locustfile = scenario.name
        self._runner = runner
        self._methods = methods_of(scenario)
        self._rows: dict[str, Row] = {}
        self._wall = time.time() - time.monotonic()
        self._ui = environment.create_web_ui(host=LOOPBACK, port=0, delayed_start=True)
        app = self._ui.app
        assert app is not None  # only the class has none
        self._app = app
        self._extend()

    def start(self) -> str:
        """Serves from now on; returns where."""
        gate = Gate(self._app)
        server = WSGIServer((LOOPBACK, 0), gate, log=None, error_log=None)
        server.start()
        port = gate.port = int(server.server_port or 0)  # known once it has started
        self._runner.state = STATE_RUNNING
        self._runner.stats.total.start_time = time.time()
        gevent.spawn(stats_history, self._runner)
        return f"http://{LOOPBACK}:{port}/"

    def add(self, cells: Sequence[Cell]) -> None:
        """Requests that have ended, of every process that makes the load."""
        for cell in cells:
            self._add(cell)

    def _add(self, cell: Cell) -> None:
        method = self._methods.get(cell.endpoint, "")
        stats = self._runner.stats
        # Locust shows the method in a column of its own.
        entry = stats.entries[cell.endpoint.removeprefix(f"{method} "), method]
        for each in (entry, stats.total):
            self._fill(each, cell)
        count = cell.times.count
        if cell.error:
            error = ERRORS[cell.error]
            key = StatsError.create_key(entry.method, entry.name, error)
            known = stats.errors.setdefault(key, StatsError(entry.method, entry.name, error))
            known.occurrences += count
        for name in (cell.endpoint, "all"):
            row = self._rows.setdefault(name, Row(Histogram()))
            row.requests += count
            if cell.error:
                row.failures += count
            else:
                row.times.add(cell.times)

    def _fill(self, entry: StatsEntry, cell: Cell) -> None:
        count = cell.times.count
        ended = int(cell.second + self._wall)
        entry.num_requests += count
        entry.total_content_length += cell.bytes
        entry.num_reqs_per_sec[ended] += count
        if cell.error:
            entry.num_failures += count
            entry.num_none_requests += count  # they count, and have no response time
            entry.num_fail_per_sec[ended] += count
        else:
            # Locust speaks milliseconds; its own keys are rounded, and it takes others.
            middles = [(round(middle * 1000, 3), count) for middle, count in cell.times.middles()]
            for middle, number in middles:
                entry.response_times[middle] += number  # type: ignore[index]
            entry.total_response_time += sum(middle * number for middle, number in middles)  # type: ignore[assignment]
            entry.max_response_time = max(entry.max_response_time, cell.times.maximum * 1000)  # type: ignore[assignment]
            entry.min_response_time = min(entry.min_response_time or middles[0][0], middles[0][0])  # type: ignore[assignment]
        last = int(entry.last_request_timestamp or 0)
        entry.last_request_timestamp = max(entry.last_request_timestamp or 0.0, cell.second + self._wall)
        if entry.use_response_times_cache and int(entry.last_request_timestamp) > last:
            entry._cache_response_times(int(entry.last_request_timestamp) - 1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as its own log() does

    def _extend(self) -> None:
        self._ui.template_args = {
            "extended_tabs": [{"title": TAB, "key": TAB}],
            "extended_tables": [{"key": TAB, "structure": [{"key": key, "title": title} for key, title in COLUMNS]}],
            "extended_csv_files": [],
        }

        def extend(response: Response) -> Response:
            if request.path == "/stats/requests" and response.is_json:
                report = response.get_json()
                report["extended_stats"] = [{"key": TAB, "data": list(self._shown())}]
                return jsonify(report)
            if request.path == "/" and response.mimetype == "text/html":
                response.set_data(response.get_data().replace(b"</head>", STYLE + b"</head>"))
            return response

        self._app.after_request(extend)

    def _shown(self) -> Iterable[dict[str, object]]:
        """Endpoints by name, and all of them together at the end."""
        for name in sorted(self._rows, key=lambda name: (name == "all", name)):
            row = self._rows[name]
            times = row.times
            shown = {key: f"{times.quantile(share) * 1000:.2f}" if times.count else "–" for key, share in _QUANTILES}
            yield {
                "endpoint": name,
                "requests": row.requests,
                "failures": row.failures,
                **shown,
                "max": f"{times.maximum * 1000:.2f}" if times.count else "–",
            }


def methods_of(scenario: Scenario) -> Mapping[str, str]:
    """By endpoint as the generator names it."""
    logins = [auth.login for auth in scenario.auth.values() if auth.login is not None]
    steps = [*logins, *(step for flow in scenario.flows.values() for step in requests_of(flow.steps))]
    return {step_name(step): step.method for step in steps}
