"""Redirects between real servers: what they have seen is what is on record, and nothing goes where it may not."""

import re
import socket
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from perfkit.errors import LoadError
from perfkit.load.dry import play_once
from perfkit.scenario.model import Scenario
from tests.smoke.test_load_faults import CURRENT, OK, Answering, Seen, head, run, serving

HTTP = {"redirects": 5}
LOAD = {"users": 3, "iterations": 10}


def to(location: str, *lines: str) -> bytes:
    return head(f"Location: {location}", "Content-Length: 0", *lines, status="302 Found")


def by_path(answers: Mapping[str, bytes], *, stays: bool = True) -> Answering:
    """An answer for each of these paths, OK for any other."""

    def answer(connection: socket.socket, _number: int) -> bool:
        path = CURRENT.request.split(" ")[1]
        connection.sendall(answers.get(path, OK))
        return stays or path not in answers

    return answer


def paths(seen: Seen) -> Counter[str]:
    return Counter(request.split(" ")[1] for request in seen.requests)


def ids(seen: Seen) -> list[int]:
    found = (re.search(r"x-perfkit-id: ([0-9a-f]{16})", request) for request in seen.requests)
    return sorted(int(each[1], 16) for each in found if each)


def test_every_hop_is_a_request_on_record_that_the_server_has_seen(tmp_path: Path) -> None:
    with serving(by_path({"/old": to("/new"), "/new": to("/newest")})) as (url, seen):
        ran = run(url, tmp_path, {"get": "/old"}, load=LOAD, http=HTTP)

    assert ran.errors == {None: 90}
    assert paths(seen) == {"/old": 30, "/new": 30, "/newest": 30}
    assert ids(seen) == sorted(ran.samples["id"])
    assert seen.connections == 3
    assert dict(ran.samples.group_by("endpoint").len().iter_rows()) == {
        "GET /old": 30,
        "GET /new (redirect)": 30,
        "GET /newest (redirect)": 30,
    }
    assert set(ran.samples.filter(pl.col("endpoint") == "GET /new (redirect)")["step"]) == {"f[1]>1"}
    assert (ran.samples["intended_at"] <= ran.samples["sent_at"]).all()


def test_an_open_load_counts_arrivals_not_hops(tmp_path: Path) -> None:
    load = {"rate": "50/s", "for": "1s", "arrivals": "even"}
    with serving(by_path({"/old": to("/new")})) as (url, seen):
        ran = run(url, tmp_path, {"get": "/old"}, load=load, http=HTTP)

    asked = paths(seen)
    # A hop whose turn comes when the load is over is not sent, as any other step of a flow; only the last arrivals are so late.
    assert asked["/old"] == 50
    assert 45 <= asked["/new"] <= 50
    assert (ran.health.offered, ran.health.dropped, ran.samples.height) == (len(seen.requests), 0, len(seen.requests))


def test_a_hop_whose_connection_is_closed_before_it_is_reopened_and_one_that_breaks_off_is_a_failure(tmp_path: Path) -> None:
    closing = "Connection: close"
    answers = {"/old": to("/new", closing), "/cut": to("/half", closing), "/half": head("Content-Length: 10") + b"half"}
    with serving(by_path(answers, stays=False)) as (url, seen):
        ran = run(url, tmp_path, {"get": "/old"}, {"get": "/cut"}, load=LOAD, http=HTTP)

    assert len(seen.requests) == ran.samples.height == 120
    assert ran.errors == {None: 90, "reset": 30}
    assert set(ran.samples.filter(pl.col("error") == "reset")["endpoint"]) == {"GET /half (redirect)"}


def test_a_circle_is_a_failure_and_the_server_has_seen_what_is_on_record(tmp_path: Path) -> None:
    with serving(by_path({"/a": to("/b"), "/b": to("/a")})) as (url, seen):
        ran = run(url, tmp_path, {"get": "/a"}, load=LOAD, http=HTTP)

    assert paths(seen) == {"/a": 30, "/b": 30}
    assert ran.errors == {None: 30, "protocol": 30}


def test_another_origin_has_a_connection_of_its_own_and_hears_nothing_of_perfkits_headers(tmp_path: Path) -> None:
    with serving(by_path({})) as (other, there):
        answers = {"/out": to(f"{other.replace('127.0.0.1', 'localhost')}/in", "Set-Cookie: session=s1")}
        with serving(by_path(answers)) as (url, here):
            step = {"get": "/out", "headers": {"Authorization": "Bearer t"}}
            ran = run(url, tmp_path, step, {"get": "/home"}, load=LOAD, http=HTTP)

    assert ran.errors == {None: 90}
    assert (paths(here), paths(there)) == ({"/out": 30, "/home": 30}, {"/in": 30})
    assert (here.connections, there.connections) == (3, 3)
    assert not any(word in request.lower() for request in there.requests for word in ("x-perfkit", "authorization", "cookie"))
    assert all("session=s1" in request for request in here.requests if "GET /home" in request)


def test_a_silent_other_origin_times_out_as_the_target_would(tmp_path: Path) -> None:
    with (
        serving(lambda _connection, _number: True) as (other, there),
        serving(by_path({"/out": to(f"{other}/in")})) as (url, _),
    ):
        ran = run(url, tmp_path, {"get": "/out"}, load={"users": 2, "iterations": 2}, http={**HTTP, "timeout": "300ms"})

    assert ran.errors == {None: 4, "timeout": 4}
    assert len(there.requests) == 4


def test_an_end_in_mid_chain_loses_nothing_and_drops_nothing_twice(tmp_path: Path) -> None:
    with serving(by_path({f"/{hop}": to(f"/{hop + 1}") for hop in range(18)})) as (url, seen):
        ran = run(url, tmp_path, {"get": "/0"}, load={"rate": "200/s", "for": "500ms"}, http={"redirects": 20})

    assert ran.errors == {None: len(seen.requests)}
    assert ids(seen) == sorted(ran.samples["id"])
    assert ran.health.offered == ran.health.sent + ran.health.dropped


@pytest.mark.parametrize("location", ["http://perfkit-has-no-such-host.example/", "http://169.254.169.254/latest"])
def test_a_redirect_to_a_host_that_may_not_be_loaded_ends_the_run_with_one_error(location: str, tmp_path: Path) -> None:
    with serving(by_path({"/old": to(location)})) as (url, seen), pytest.raises(LoadError, match="redirects to") as refused:
        run(url, tmp_path, {"get": "/old"}, load={"users": 2, "for": "20s"}, http=HTTP)

    assert "guard.allow_hosts" in refused.value.hint
    assert 1 <= len(seen.requests) <= 2


def test_a_dry_run_shows_every_hop_with_its_place() -> None:
    with serving(by_path({})) as (other, _), serving(by_path({"/old": to("/new"), "/new": to(f"{other}/in")})) as (url, _):
        scenario = {
            "perfkit": 1,
            "target": url,
            "http": HTTP,
            "flows": {"f": [{"post": "/old", "expect": {"contains": "ok"}}]},
            "load": [{"users": 1, "iterations": 1}],
        }
        transcript = play_once(Scenario.model_validate(scenario), {})

    assert [(shown.method, shown.url, shown.status, shown.problem) for shown in transcript] == [
        ("POST", f"{url}/old", 302, ""),
        ("GET", f"{url}/new", 302, ""),
        ("GET", f"{other}/in", 200, ""),
    ]


def test_client_and_probe_agree_on_every_request_of_every_chain(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(
        textwrap.dedent("""
            from flask import Flask, redirect

            app = Flask(__name__)


            @app.get("/old/<int:number>")
            def old(number):
                return redirect(f"/items/{number}")


            @app.get("/items/<int:number>")
            def item(number):
                return {"id": number}
        """)
    )
    (tmp_path / "old.yaml").write_text(
        textwrap.dedent("""
            perfkit: 1
            target:
              base_url: http+unix://app.sock
              launch: {command: [gunicorn, "service:app", --bind, "unix:app.sock"], ready: {http: /items/1, status: 200}}
            http: {redirects: 3}
            flows: {f: [{get: "/old/${rand.int(1, 500)}", expect: {contains: id}}]}
            load: [{rate: 20/s, for: 2s, arrivals: even}]
        """)
    )
    command = [sys.executable, "-m", "perfkit", "run", "old.yaml", "--no-profile", "--no-analyze", "--out", "out"]

    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert ran.returncode == 0, ran.stderr
    samples = pl.read_parquet(tmp_path / "out/latest/samples.parquet")
    traces = pl.read_parquet(tmp_path / "out/latest/traces.parquet").filter(pl.col("id") != 0)
    assert sorted(samples["id"]) == sorted(traces["id"])
    assert dict(samples.group_by("step").len().iter_rows()) == {"f[1]": 40, "f[1]>1": 40}
    assert dict(traces.group_by("route").len().iter_rows()) == {"/old/{number}": 40, "/items/{number}": 40}
