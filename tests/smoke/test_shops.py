"""The shops, run and judged for real: what docs/shop.md says is planted is found, and nothing else in the mended twins."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from perfkit.target.process import Supervised
from tests.smoke.person import REPOSITORY
from tests.smoke.scenarios import Ran, free_port, run

DEMO: Final = REPOSITORY / "perfkit" / "demo"
ANY: Final = ""  # a row of the table that names no place, or no function
STRENGTH: Final = ("hint", "predicted", "measured", "verified")


@dataclass(frozen=True, slots=True)
class Planted:
    """A row of the table of docs/shop.md."""

    shop: str
    rule: str
    endpoint: str
    file: str
    function: str
    level: str

    def __str__(self) -> str:
        return f"{self.shop}: {self.rule} at {self.endpoint or 'some place'}"


def table() -> Iterator[Planted]:
    """Every planted fault, from the very page that people read."""
    text = (REPOSITORY / "docs" / "shop.md").read_text()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and re.fullmatch(r"[a-z]+(-[a-z]+)*", cells[0]) and cells[0] != "rule":
            rule, endpoint, function, level, _ = cells
            shop = next((name for name in ("async", "saturated") if f"({name})" in endpoint), "")
            place = re.search(r"`([A-Z]+ [^`]+)`", endpoint)
            exact = place is not None and "others" not in endpoint
            site = re.search(r"`([^`]+)` ?(\w*)", function)
            yield Planted(
                f"shop-{shop}" if shop else "shop", rule, place[1] if place and exact else ANY,
                site[1] if site else ANY, site[2] if site else ANY, level,
            )  # fmt: skip
    also = re.search(r"The asynchronous shop also plants (.*?)\.\n", text, re.DOTALL)
    assert also is not None
    for rules, place_ in re.findall(r"((?:[a-z]+-[a-z-]+(?:,? and |, )?\s?)+) at `([^`]+)`", " ".join(also[1].split())):
        for rule in re.findall(r"[a-z]+-[a-z-]+", rules):
            yield Planted("shop-async", rule, place_, ANY, ANY, "measured")


PLANTED: Final = tuple(table())


def test_the_table_plants_every_rule() -> None:
    rules = re.findall(r"^## ([a-z-]+)", (REPOSITORY / "docs" / "rules.md").read_text(), re.MULTILINE)

    assert len(rules) == 14
    assert sorted({planted.rule for planted in PLANTED}) == sorted(rules)
    assert len([planted for planted in PLANTED if planted.shop == "shop"]) >= 9
    assert {planted.rule for planted in PLANTED if planted.shop == "shop-async"} >= {"n-plus-one-queries", "connection-churn"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Runs a scenario once."""

    @cache
    def once(name: str) -> Ran:
        return run(name, tmp_path_factory.mktemp(name))

    return once


@pytest.mark.timeout(400)
@pytest.mark.parametrize("planted", [one for one in PLANTED if one.shop == "shop"], ids=str)
def test_what_is_planted_in_the_shop_is_found(planted: Planted, ran: Callable[[str], Ran]) -> None:
    assert_found(planted, ran("shop"))


@pytest.mark.postgres
@pytest.mark.timeout(400)
@pytest.mark.parametrize("planted", [one for one in PLANTED if one.shop == "shop-async"], ids=str)
def test_what_is_planted_in_the_asynchronous_shop_is_found(planted: Planted, ran: Callable[[str], Ran]) -> None:
    assert_found(planted, ran("shop-async"))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("planted", [one for one in PLANTED if one.shop == "shop-saturated"], ids=str)
def test_a_shop_that_is_offered_too_much_is_saturated_and_misses_its_objective(
    planted: Planted, ran: Callable[[str], Ran]
) -> None:
    saturated = ran("shop-saturated")

    assert_found(planted, saturated)
    assert saturated.code == 1, saturated.told()


def assert_found(planted: Planted, run: Ran) -> None:
    """Above a hint, at the level, the place and the function that the table says."""
    of_rule = [finding for finding in run.findings() if finding["rule"] == planted.rule]
    at_place = [finding for finding in of_rule if planted.endpoint in (ANY, finding["endpoint"])]
    assert at_place, f"{planted} was not found\n{run.told()}"
    strongest = max(at_place, key=lambda finding: STRENGTH.index(finding["level"]))
    assert strongest["level"] == planted.level, run.told()
    if planted.function:
        sites = [finding["call_site"] for finding in at_place]
        wanted = re.compile(rf"(^|/){re.escape(planted.file)}:\d+ in ([\w.<>]+\.)?{planted.function}$")
        assert [site for site in sites if wanted.search(site)], f"{sites} are not {planted.file} {planted.function}"


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "name", ["shop", "shop-mended", *(pytest.param(f"shop-async{twin}", marks=pytest.mark.postgres) for twin in ("", "-mended"))]
)
def test_a_shop_within_its_rate_meets_its_objectives(name: str, ran: Callable[[str], Ran]) -> None:
    run = ran(name)

    assert run.code == 0, run.told()
    assert run.judged["slo"]["state"] == "met"
    assert run.judged["validity"]["state"] != "invalid"
    assert run.judged["failed"] == []
    assert run.judged["total"]["errors"] == 0


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", ["shop-mended", pytest.param("shop-async-mended", marks=pytest.mark.postgres)])
def test_in_a_mended_shop_there_is_nothing_to_fix(name: str, ran: Callable[[str], Ran]) -> None:
    run = ran(name)

    # Nothing to fix is worth something only of requests that did what they should and were seen from inside.
    assert run.judged["total"]["errors"] == 0, run.told()
    assert run.judged["total"]["coverage"] > 0.9, run.told()
    assert run.judged["failed"] == []
    assert [f"{finding['rule']} at {finding['endpoint']}: {finding['message']}" for finding in run.findings()] == []


# --- the same answers ----------------------------------------------------------------------------------------------------

REQUESTS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("POST", "/login", {"email": "customer7@shop.test", "password": "secret-7"}),
    ("POST", "/login", {"email": "customer7@shop.test", "password": "wrong"}),
    ("GET", "/", None),
    *(("GET", f"/categories/{number}/products?limit=50", None) for number in (1, 17, 50, 99)),
    ("GET", "/categories/3/products?limit=50&after=7000", None),
    *(("GET", f"/products/{number}", None) for number in (1, 777, 20_000, 20_001)),
    *(("GET", f"/suggest?q={word}", None) for word in ("lamp", "chair", "kettle", "xyz", "a")),
    *(("GET", f"/search?q={words}", None) for words in ("lamp", "chair+kettle", "LAMP", "no+such+thing")),
    ("GET", "/orders", None),
    ("GET", "/orders/6", None),
    ("GET", "/orders/999999", None),
    ("POST", "/cart", {"product": 5, "quantity": 2}),
    ("POST", "/cart", {"product": 9, "quantity": 1}),
    ("POST", "/orders", None),
    ("POST", "/orders", None),
    ("GET", "/orders", None),
    *(("GET", f"/{what}/{number}", None) for what in ("stock", "quote") for number in (1, 4711)),
)
ASK: Final = """
import importlib, json, sys
package, requests = sys.argv[1], json.load(sys.stdin)
app = importlib.import_module(package + ".app")
if hasattr(app, "app"):
    from fastapi.testclient import TestClient
    with TestClient(app.app) as client:
        answers = []
        for method, path, body in requests:
            answer = client.request(method, path, json=body, headers={"Authorization": "Bearer customer-7"})
            answers.append([method, path, answer.status_code, answer.json()])
else:
    client = app.create_app().test_client()
    answers = []
    for method, path, body in requests:
        answer = client.open(path, method=method, json=body, headers={"Authorization": "Bearer customer-7"})
        answers.append([method, path, answer.status_code, answer.get_json(silent=True)])
print("ANSWERS" + json.dumps(answers))
"""


def answers(package: str, **variables: str) -> list[Any]:
    """What a shop answers to all of REQUESTS, in their order."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, package], cwd=DEMO, input=json.dumps(REQUESTS), capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(DEMO), **variables}, timeout=200, check=False,
    )  # fmt: skip
    assert "ANSWERS" in done.stdout, done.stderr[-3000:]
    said: list[Any] = json.loads(done.stdout.rpartition("ANSWERS")[2])
    return said


def test_the_shop_and_its_mended_twin_give_the_same_answers(tmp_path: Path) -> None:
    said: dict[str, list[Any]] = {}
    for package, *options in (("shop",), ("shop_mended", "--indexed")):
        url = f"sqlite:///{tmp_path / package}.db"
        subprocess.run([sys.executable, "-m", "store.seed", url, *options], cwd=DEMO, check=True, timeout=120)
        said[package] = answers(package, DATABASE_URL=url)

    assert sum(status < 400 for _, _, status, _ in said["shop"]) >= 20
    assert said["shop"] == said["shop_mended"]


@pytest.mark.postgres
def test_the_asynchronous_shop_and_its_mended_twin_give_the_same_answers() -> None:
    said: dict[str, list[Any]] = {}
    for package, *options in (("shop_async",), ("shop_async_mended", "--indexed")):
        database, partners = str(free_port()), str(free_port())
        line = (sys.executable, "services.py", *options, database, partners)
        environment = {**os.environ, "PYTHONPATH": str(DEMO)}
        with tempfile.TemporaryFile() as log:
            services = Supervised.start(line, environment, log, stop="TERM", grace=10.0, cwd=str(DEMO))
            try:
                assert services.wait(120) == 0
                said[package] = answers(
                    package,
                    DATABASE_URL=f"postgresql://postgres@127.0.0.1:{database}/postgres",
                    PARTNERS_URL=f"http://127.0.0.1:{partners}",
                )
            finally:
                services.stop()

    assert sum(status < 400 for _, _, status, _ in said["shop_async"]) >= 10
    assert said["shop_async"] == said["shop_async_mended"]
