"""Who ends a load, and what is left of it then: objectives, the breaker, caps, signals, and the end of perfkit itself."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from tests.smoke.echo import Target, listening

REPOSITORY = Path(__file__).parents[2]


@dataclass
class Perfkit:
    """The command, in a folder of its own and against a target that runs already."""

    folder: Path
    target: Target
    process: "subprocess.Popen[str] | None" = None

    def start(self, *options: str, load: str = "[{rate: 50/s, for: 60s}]", **sections: str) -> "subprocess.Popen[str]":
        path = self.folder / "scenario.yaml"
        parts = {"perfkit": "1", "target": self.target.url, "get": "[/ok]", "load": load} | sections
        path.write_text("".join(f"{key}: {value}\n" for key, value in parts.items()))
        line = [
            sys.executable,
            "-m",
            "perfkit",
            "run",
            str(path),
            "--out",
            str(self.folder / "reports"),
            "--no-profile",
            *options,
        ]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"}
        self.process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        return self.process

    def finish(self) -> tuple[int, str, str]:
        assert self.process is not None
        out, err = self.process.communicate(timeout=90)
        return self.process.returncode, out, err

    def analyze(self) -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "perfkit", "analyze", str(self.latest)]
        return subprocess.run(line, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}, check=False)

    @property
    def latest(self) -> Path:
        return (self.folder / "reports" / "latest").resolve()

    def read(self, name: str) -> Any:
        return json.loads((self.latest / name).read_text())

    def on_record(self) -> list[str]:
        return sorted(f"{number:016x}" for number in pl.read_parquet(self.latest / "samples.parquet")["id"])


@pytest.fixture
def perfkit(tmp_path: Path) -> Generator[Perfkit]:
    with listening() as target:
        perfkit = Perfkit(tmp_path, target)
        yield perfkit
        if perfkit.process is not None and perfkit.process.poll() is None:
            os.killpg(perfkit.process.pid, signal.SIGKILL)
            perfkit.process.communicate()


def until(condition: Callable[[], bool], limit: float = 30.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def the_objective(findings: Any, sentence: str) -> Any:
    return next(one for one in findings["slo"]["objectives"] if one["objective"] == sentence)


def test_an_objective_that_aborts_ends_the_load_and_the_report_says_so(perfkit: Perfkit) -> None:
    sentence = "p90 < 150ms for 2s abort"
    perfkit.start(slo=f'{{"GET /ok": "{sentence}", min_samples: 10}}')
    until(lambda: perfkit.target.count > 100)
    perfkit.target.delay = 0.4
    code, out, err = perfkit.finish()

    assert code == 1, err
    assert f"GET /ok: {sentence} did not hold" in err
    run = perfkit.read("run.json")
    assert run["state"] == "aborted"
    assert (run["halt"]["by"], run["halt"]["sentence"]) == ("objective", sentence)
    assert run["halt"]["at"] < 50
    findings = perfkit.read("findings.json")
    assert findings["slo"]["state"] == "missed"
    # What was found live is found again in the samples, in the very window that ended the load.
    judged = the_objective(findings, sentence)
    assert judged["state"] == "missed"
    assert judged["measured"] == pytest.approx(run["halt"]["measured"])
    assert findings["validity"]["state"] == "suspect"
    assert f"{sentence} did not hold" in " ".join(out.split()), out
    assert f"{sentence} did not hold".replace("<", "&lt;") in (perfkit.latest / "report.html").read_text()
    assert perfkit.on_record() == sorted(perfkit.target.ids)


def test_an_objective_with_a_window_that_holds_ends_nothing(perfkit: Perfkit) -> None:
    sentence = "p90 < 900ms for 2s abort"
    perfkit.start(load="[{rate: 50/s, for: 4s}]", slo=f'{{all: ["{sentence}", "errors < 10% for 1s"], min_samples: 10}}')
    code, _, err = perfkit.finish()

    assert code == 0, err
    findings = perfkit.read("findings.json")
    assert {one["objective"]: one["state"] for one in findings["slo"]["objectives"]} == {
        sentence: "met",
        "errors < 10% for 1s": "met",
        "dropped == 0": "met",
    }
    assert (perfkit.read("run.json")["state"], perfkit.read("run.json")["halt"]) == ("finished", None)


def test_the_circuit_breaker_opens_when_the_target_breaks(perfkit: Perfkit) -> None:
    condition = "errors > 50% for 2s"
    perfkit.start(guard=f"{{stop_if: [{condition}]}}", slo="{all: [errors < 99%], min_samples: 10}")
    until(lambda: perfkit.target.count > 100)
    perfkit.target.status = 503
    code, out, err = perfkit.finish()

    assert code == 1, err
    assert "the circuit breaker opened" in err
    run = perfkit.read("run.json")
    assert (run["state"], run["halt"]["by"], run["halt"]["sentence"]) == ("aborted", "breaker", condition)
    assert 0.5 < run["halt"]["measured"] <= 1
    findings = perfkit.read("findings.json")
    assert the_objective(findings, condition)["state"] == "missed"
    assert the_objective(findings, "errors < 99%")["state"] == "met"
    assert "the circuit breaker opened" in out
    assert "the circuit breaker opened" in (perfkit.latest / "report.html").read_text()
    assert perfkit.on_record() == sorted(perfkit.target.ids)


def test_a_breaker_that_opens_during_the_warm_up_leaves_a_report(perfkit: Perfkit) -> None:
    perfkit.target.status = 500
    perfkit.start(load="[{rate: 50/s, for: 60s, warmup: true}, {rate: 50/s, for: 5s}]", guard="{stop_if: [errors > 50% for 1s]}")
    code, out, err = perfkit.finish()

    assert code == 1, (out, err)
    assert perfkit.read("run.json")["halt"]["by"] == "breaker"
    assert (perfkit.latest / "report.html").exists()


def test_no_load_outlives_the_guards_duration(perfkit: Perfkit) -> None:
    perfkit.target.delay = 0.05
    perfkit.start(load="[{users: 2, iterations: 100000}]", guard="{max_duration: 2s}")
    code, _, err = perfkit.finish()

    assert "guard.max_duration was reached" in err, err
    assert code == 7  # forty answers a second for two seconds are fewer than min_samples
    assert perfkit.read("run.json")["halt"]["by"] == "duration"
    assert max(perfkit.target.arrivals) - min(perfkit.target.arrivals) < 10
    assert perfkit.on_record() == sorted(perfkit.target.ids)


def test_users_begin_no_more_flows_than_the_guard_allows(perfkit: Perfkit) -> None:
    perfkit.start(load="[{users: 4, for: 3s}]", guard="{max_rate: 20/s}", slo="{min_samples: 10}")
    code, _, err = perfkit.finish()

    assert code == 0, err
    # Twenty in each second of the clock: three seconds touch four of them.
    assert 40 <= perfkit.target.count <= 80
    assert "guard.max_rate held users back" in perfkit.read("findings.json")["validity"]["reasons"][0]


@pytest.mark.parametrize("options", [("--duration", "90s"), ("--set", "load.0.for=2m")])
def test_the_command_line_does_not_get_past_the_cap(perfkit: Perfkit, options: Sequence[str]) -> None:
    perfkit.start(*options, load="\n- {rate: 50/s, for: 30s}", guard="{max_duration: 1min}")
    code, _, err = perfkit.finish()

    assert code == 2
    assert "more than guard.max_duration allows (60 s)" in err
    assert options[0] in err
    assert perfkit.target.count == 0


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_drains_and_reports(perfkit: Perfkit, word: signal.Signals) -> None:
    perfkit.target.delay = 0.3
    process = perfkit.start()
    until(lambda: perfkit.target.count > 60)
    process.send_signal(word)
    code, out, err = perfkit.finish()

    assert code == 130, err
    assert "the run was interrupted" in out
    assert "Traceback" not in err
    assert perfkit.on_record() == sorted(perfkit.target.ids)
    samples = pl.read_parquet(perfkit.latest / "samples.parquet")
    assert samples["error"].null_count() == samples.height
    assert (perfkit.latest / "report.html").exists()


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_stops_at_once_and_what_was_recorded_can_be_judged(perfkit: Perfkit, word: signal.Signals) -> None:
    process = perfkit.start(get="[/ok, /slow/30]")
    until(lambda: perfkit.target.count > 60)
    process.send_signal(word)
    time.sleep(1.0)
    assert process.poll() is None, "nothing was in flight"
    process.send_signal(word)
    began = time.monotonic()
    code, _, err = perfkit.finish()

    assert time.monotonic() - began < 8
    assert code == 130, err
    assert "Traceback" not in err
    assert f"perfkit analyze {perfkit.latest}" in err
    assert perfkit.read("run.json")["state"] == "interrupted"
    analyzed = perfkit.analyze()
    assert analyzed.returncode in (0, 1, 6, 7), analyzed.stderr
    assert "the run was interrupted" in analyzed.stdout
    assert perfkit.read("findings.json")["total"]["requests"] > 20


def test_nothing_is_sent_once_perfkit_is_gone(perfkit: Perfkit) -> None:
    process = perfkit.start()
    until(lambda: perfkit.target.count > 60)
    process.kill()
    process.wait()
    time.sleep(0.2)
    seen = perfkit.target.count
    time.sleep(1.0)

    assert perfkit.target.count == seen
    assert perfkit.analyze().returncode in (0, 1, 7)


def web_ui_of(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "web UI: " in line:
            return line.split()[3]
    raise AssertionError("no web UI was opened")


def asked(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_web_ui_shows_perfkits_figures_and_its_stop_drains(perfkit: Perfkit) -> None:
    perfkit.target.delay = 0.02
    process = perfkit.start("--web", get="[/ok, /missing]")
    url = web_ui_of(process)
    until(lambda: json.loads(asked(f"{url}stats/requests")[1])["stats"][-1]["num_requests"] > 100)

    said = json.loads(asked(f"{url}stats/requests")[1])
    by_name = {one["name"]: one for one in said["stats"]}
    (tab,) = said["extended_stats"]
    in_tab = {one["endpoint"]: one for one in tab["data"]}
    assert by_name["/missing"]["num_failures"] == by_name["/missing"]["num_requests"] > 0
    assert (by_name["/ok"]["method"], by_name["/ok"]["num_failures"]) == ("GET", 0)
    # Milliseconds with their digits, of successes, where Locust's own are rounded.
    assert by_name["/ok"]["response_time_percentile_0.95"] >= 20
    assert by_name["/ok"]["response_time_percentile_0.95"] % 1 > 0
    assert float(in_tab["GET /ok"]["p95"]) >= 20
    # The tab is filled a moment after the table, while the load goes on.
    assert in_tab["all"]["requests"] >= by_name["Aggregated"]["num_requests"] > 100
    assert said["state"] == "running"
    assert "perfkit" in asked(url)[1]

    port = url.rsplit(":", 1)[1].rstrip("/")
    assert asked(f"{url}swarm", "POST")[0] == 403
    assert asked(f"{url}stats/reset", "POST")[0] == 403
    assert asked(f"{url}stop", "POST", Origin="http://elsewhere.example.com")[0] == 403
    assert asked(url, Host=f"rebound.example.com:{port}")[0] == 403
    assert process.poll() is None

    assert asked(f"{url}stop", "POST", Origin=url.rstrip("/"))[0] == 200
    code, out, err = perfkit.finish()
    assert code == 130, err
    assert "stopped in the web UI" in err
    assert "the run was interrupted" in out
    assert perfkit.on_record() == sorted(perfkit.target.ids)


def test_the_web_ui_listens_on_loopback_only(perfkit: Perfkit) -> None:
    process = perfkit.start("--web")
    port = int(web_ui_of(process).rsplit(":", 1)[1].rstrip("/"))

    listening_at = {
        connection.laddr.ip
        for child in psutil.Process(process.pid).children(recursive=True)
        for connection in child.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }

    assert listening_at == {"127.0.0.1"}
