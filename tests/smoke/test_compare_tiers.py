"""The three tiers of a comparison on real servers: one request at a time, bursts, and counters."""

import os
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

from perfkit.collectors import probe_files
from perfkit.compare import alternation, bursts, counters, inside
from perfkit.compare.pairs import BURSTS, COUNTERS, PAIRS
from perfkit.errors import ComparisonError
from perfkit.evidence import Missing, RunDirectory
from perfkit.scenario.model import Scenario
from perfkit.schemas import TRACES
from perfkit.target import start
from perfkit.target.target import Target
from tests.smoke.scenarios import free_port

# What a version does otherwise stands in its environment.
APPLICATION = """
    import os
    import sqlite3
    import threading
    import time

    from flask import Flask, jsonify, request, session

    app = Flask(__name__)
    app.secret_key = "not one"
    LOOPS = int(os.environ.get("LOOPS", "2000"))
    STATEMENTS = int(os.environ.get("STATEMENTS", "1"))
    HELD = float(os.environ.get("HELD", "0"))
    LIFE = int(os.environ.get("LIFE", "1000000"))
    EXTRA = int(os.environ.get("EXTRA", "0"))
    served = 0
    lock = threading.Lock()


    def database():
        connection = sqlite3.connect("shop.db")
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, name TEXT)")
        return connection


    @app.before_request
    def live():
        global served
        served += 1
        if served > LIFE:
            os._exit(3)


    @app.get("/healthz")
    def healthz():
        return "ok"


    @app.post("/login")
    def login():
        session["name"] = request.json["name"]
        return jsonify(token="t-" + request.json["name"])


    @app.get("/items/<int:number>")
    def item(number):
        connection = database()
        for place in range(STATEMENTS):
            connection.execute("SELECT name FROM orders WHERE id = ?", (number + place,)).fetchall()
        connection.close()
        total = 0
        for value in range(LOOPS):
            total += value
        kept = [object() for _ in range(2000 + EXTRA)]
        answer = {"id": number, "total": total, "at": time.time(), "next": number + 1, "kept": len(kept) // 100000}
        if os.environ.get("WITHOUT_NEXT"):
            del answer["next"]
        return jsonify(answer)


    @app.get("/held/<int:number>")
    def held(number):
        with lock:
            time.sleep(HELD)
        return jsonify(id=number, name=session.get("name"), extra="x" * EXTRA)


    if __name__ == "__main__":
        import sys
        app.run(port=int(sys.argv[1]), threaded=True)
"""


@dataclass
class Version:
    """A side as the tiers see it: started by the probe's own starter, anew in the same directory."""

    name: Literal["base", "head"]
    scenario: Scenario
    directory: RunDirectory
    starts: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)
    _target: Target | None = None

    def up(self) -> None:
        self._target = self._stack.enter_context(start.running(self.scenario.target, self.directory, os.environ))
        self.starts += 1

    def down(self) -> None:
        self._stack.close()

    def traces(self) -> pl.DataFrame:
        time.sleep(0.6)  # the probe hands over what it has four times a second
        found = probe_files.read(self.directory, 0.0, ()).traces
        return pl.DataFrame(schema=TRACES) if isinstance(found, Missing) else found

    def alive(self) -> bool:
        return self._target is not None and start.alive(self._target)


@dataclass(frozen=True)
class Both:
    base: Version
    head: Version

    def restart(self, meanwhile: Callable[[], None] = lambda: None, /) -> bool:
        for version in (self.base, self.head):
            version.down()
        meanwhile()
        for version in (self.base, self.head):
            version.up()
        return True


Opened = Callable[..., Both]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Starts both versions; `head` is what the newer one has in its environment."""
    with ExitStack() as stack:

        def both(steps: list[dict[str, Any]], head: dict[str, str] | None = None, threads: int = 1, **parts: Any) -> Both:
            sides: list[Version] = []
            for name, environment in (("base", {}), ("head", head or {})):
                folder = tmp_path / name
                (folder / "run").mkdir(parents=True)
                (folder / "shop.py").write_text(textwrap.dedent(APPLICATION))
                content = scenario(steps, folder, environment, threads) | parts
                version = Version(name, Scenario.model_validate(content), RunDirectory(folder / "run"))  # type: ignore[arg-type]
                stack.callback(version.down)
                version.up()
                sides.append(version)
            return Both(*sides)

        yield both


def scenario(steps: list[dict[str, Any]], folder: Path, environment: dict[str, str], threads: int) -> dict[str, Any]:
    port = free_port()
    command = ["gunicorn", "shop:app", "-w", "1", "--threads", str(threads), "--keep-alive", "30", "-b", f"127.0.0.1:{port}"]
    if environment.get("LIFE"):
        command = ["python", "shop.py", str(port)]
    launch = {"command": command, "cwd": str(folder), "env": environment, "ready": {"http": "/healthz"}, "stop": {"grace": "2s"}}
    return {
        "perfkit": 1,
        "target": {"base_url": f"http://127.0.0.1:{port}", "launch": launch},
        "flows": {"browse": {"steps": steps}},
        "load": [{"users": 1, "iterations": 1}],
    }


ITEM = {"get": "/items/${rand.int(1, 5)}", "name": "item", "extract": {"next": "$.next"}}
NEXT = {"get": "/items/${next}", "name": "next item"}
PICKED = {"get": "/held/${rand.int(1, 99999)}", "name": "picked"}  # as long as its pick
HELD = {"get": "/held/${rand.int(1, 5)}", "name": "held"}


def test_both_versions_are_asked_the_same_in_a_balanced_order_over_restarts(opened: Opened) -> None:
    pair = opened([ITEM, {"think": "5s"}, NEXT, PICKED], threads=2)

    found = alternation.run(pair, budget=3.0, restarts=2)

    table = found.pairs
    assert table.schema == PAIRS
    assert (pair.base.starts, pair.head.starts) == (2, 2)
    assert found.told.restarts == 1
    assert table["restart"].unique().sort().to_list() == [0, 1]
    assert table.group_by("block").agg(pl.col("restart").n_unique())["restart"].max() == 1
    assert table.height > 40
    assert pl.concat([table["base_id"], table["head_id"]]).n_unique() == 2 * table.height
    assert table["base_error"].null_count() == table["head_error"].null_count() == table.height
    picked = table.filter(pl.col("endpoint").cast(pl.String) == "picked")
    assert picked["base_bytes"].to_list() == picked["head_bytes"].to_list()
    assert picked["base_bytes"].n_unique() > 1
    for key, rows in table.group_by("endpoint", "restart"):
        assert abs(rows["head_first"].to_list().count(True) * 2 - rows.height) <= 4, key
    seen = table.select("base_server", "head_server", "base_cpu", "head_cpu", "base_statements", "head_statements")
    assert sum(seen.null_count().row(0)) == 0
    assert (table["base_server"] < table["base_time"]).mean() > 0.95  # type: ignore[operator]
    assert set(table["base_statements"]) == set(table["head_statements"]) == {0, 2}  # with the one that makes the table


def test_a_version_that_does_more_takes_longer(opened: Opened) -> None:
    pair = opened([ITEM], head={"LOOPS": "60000"})

    table = alternation.run(pair, budget=2.0, restarts=1).pairs

    assert (table["head_server"] / table["base_server"]).median() > 1.3  # type: ignore[operator]
    assert (table["head_time"] / table["base_time"]).median() > 1.15  # type: ignore[operator]


def test_a_look_that_is_decided_ends_the_tier(opened: Opened) -> None:
    pair = opened([ITEM])
    looks: list[int] = []

    def decided(pairs: pl.DataFrame) -> bool:
        looks.append(pairs["base_server"].drop_nulls().len())
        return True

    table = alternation.run(pair, budget=3.0, restarts=3, is_decided=decided).pairs

    assert looks == [table.height]
    assert table["restart"].unique().to_list() == [0]


def test_each_version_has_its_own_session_and_a_flow_that_breaks_off_breaks_off_on_both(opened: Opened) -> None:
    shopper = {"login": {"post": "/login", "json": {"name": "anna"}, "extract": {"token": "$.token"}}, "apply": {}}
    steps = [{"get": "/held/1", "name": "held", "expect": {"json": {"$.name": "anna"}}}, ITEM, NEXT]
    pair = opened(
        steps, head={"WITHOUT_NEXT": "1"}, auth={"shopper": shopper}, flows={"browse": {"auth": "shopper", "steps": steps}}
    )

    found = alternation.run(pair, budget=1.0, restarts=1)

    seen = {str(name): rows for (name,), rows in found.pairs.group_by("endpoint")}
    assert seen.keys() == {"held", "item"}
    assert seen["held"]["base_error"].null_count() == seen["held"]["head_error"].null_count() == seen["held"].height
    assert seen["item"]["head_error"].cast(pl.String).unique().to_list() == ["extraction"]
    assert seen["item"]["base_error"].null_count() == seen["item"].height
    assert found.told.uneven >= seen["item"].height


def test_a_version_that_dies_is_named(opened: Opened) -> None:
    pair = opened([ITEM], head={"LIFE": "60"})

    with pytest.raises(ComparisonError, match="head ended while it was compared"):
        alternation.run(pair, budget=1.0, restarts=1)


def test_bursts_show_a_lock_that_is_held_longer(opened: Opened) -> None:
    pair = opened([HELD], head={"HELD": "0.005"}, threads=4)

    table = bursts.run(pair, (2, 4), budget=4.0, restarts=2)

    assert table.schema == BURSTS
    assert table.group_by("size").len()["len"].min() > 5  # type: ignore[operator]
    assert set(table["size"]) == {2, 4}
    assert table["base_errors"].sum() == table["head_errors"].sum() == 0
    four = table.filter(pl.col("size") == 4)
    added = (four["head_last"] - four["base_last"]).median()
    assert isinstance(added, float)
    assert added > 0.015  # four times 5 ms, one after the other
    assert table["head_server"].null_count() == 0
    assert 0 < table["head_first"].sum() < table.height
    assert table.group_by("block").agg(pl.col("size").n_unique(), pl.col("restart").n_unique()).select(
        "size", "restart"
    ).max().row(0) == (1, 1)


def test_users_whose_flows_have_parted_come_together_again(opened: Opened) -> None:
    steps = [{"repeat": "1..3", "steps": [HELD]}, ITEM]
    pair = opened(steps, threads=4)

    table = bursts.run(pair, (4,), budget=1.0, restarts=1)

    assert set(table["endpoint"].cast(pl.String)) == {"held", "item"}
    assert set(table["size"]) == {4}


def test_more_users_than_the_guard_allows_are_refused(opened: Opened) -> None:
    pair = opened([HELD], guard={"max_users": 4})

    with pytest.raises(ComparisonError, match=r"more than guard\.max_users allows"):
        bursts.run(pair, (8,), budget=1.0, restarts=1)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_version_counts_the_same_as_itself(opened: Opened, threads: int) -> None:
    pair = opened([ITEM, NEXT, HELD], threads=threads)

    found = counters.run(pair)

    assert found.changes == ()
    assert found.table.schema == COUNTERS
    assert found.volatile == {"item": ("$.at",), "next item": ("$.at",)}
    assert found.blind == {}
    assert found.table["calls"].null_count() == found.table["peak"].null_count() == 0
    assert found.flows == counters.EACH


def test_what_a_version_does_more_is_counted_and_named(opened: Opened) -> None:
    pair = opened([ITEM, HELD], head={"STATEMENTS": "4", "EXTRA": "500"})

    found = counters.run(pair)

    told = {(change.endpoint, change.counter): change for change in found.changes}
    assert {("item", "statements"), ("item", "allocations"), ("held", "bytes"), ("held", "body")} <= told.keys()
    statements = told["item", "statements"]
    assert (statements.base, statements.head) == (2, 5)
    assert "1 → 4 times: SELECT name FROM orders WHERE id = ? at shop.py:" in statements.detail
    assert told["held", "body"].detail.startswith("$.extra differ")
    assert told["held", "bytes"].head - told["held", "bytes"].base == 500  # type: ignore[operator]
    assert ("item", "body") not in told


def test_counting_is_over_when_the_tier_is(opened: Opened) -> None:
    pair = opened([ITEM])
    counters.run(pair, budget=4.0)
    before = inside.counted(pair.base).height

    alternation.run(pair, budget=0.5, restarts=1)

    assert inside.counted(pair.base).height == before
