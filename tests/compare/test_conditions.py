"""Digests of what a comparison was made on: the same for every checkout, another one for every other question."""

import json
from pathlib import Path

import pytest

from perfkit.compare import conditions
from perfkit.compare.likeness import Likeness
from perfkit.scenario.parse import parse
from perfkit.target.surveys import Survey

SCENARIO = """\
perfkit: 1
name: shop
target:
  base_url: http://127.0.0.1:8000
  launch: {command: [gunicorn, "app:app"], cwd: ., env: {DSN: "sqlite:///./shop.db"}}
data: {users: {csv: users.csv, pick: random}}
flows: {browse: [get: "/orders/${data.users.id}"]}
load: [{rate: 5/s, for: 10s}]
"""
IDENTITY = {"cores": 2, "cpu": "a processor", "memory": 8 * 1024**3, "system": "Linux", "architecture": "x86_64"}


def written(folder: Path, text: str = SCENARIO, users: str = "id\n1\n") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "users.csv").write_text(users)
    (folder / "shop.yaml").write_text(text)
    return conditions.of_scenario(parse(folder / "shop.yaml"))


def test_two_checkouts_ask_the_same(tmp_path: Path) -> None:
    assert written(tmp_path / "one") == written(tmp_path / "another" / "place")


@pytest.mark.parametrize(
    ("old", "new"), [("5/s", "50/s"), ("10s", "20s"), ("perfkit: 1", "perfkit: 1\ncompare: {margin: 1%, budget: 5s}")]
)
def test_how_hard_and_how_long_do_not_count(tmp_path: Path, old: str, new: str) -> None:
    assert written(tmp_path / "one") == written(tmp_path / "two", SCENARIO.replace(old, new))


@pytest.mark.parametrize(("old", "new"), [("/orders/", "/products/"), ("app:app", "app:other"), ("shop.db", "large.db")])
def test_what_is_asked_of_what_does(tmp_path: Path, old: str, new: str) -> None:
    assert written(tmp_path / "one") != written(tmp_path / "two", SCENARIO.replace(old, new))


def test_so_do_the_rows_of_a_feeder(tmp_path: Path) -> None:
    assert written(tmp_path / "one") != written(tmp_path / "two", users="id\n2\n")


def test_a_machine_is_the_same_after_an_update_of_its_kernel(tmp_path: Path) -> None:
    written(tmp_path)
    scenario = parse(tmp_path / "shop.yaml")
    kernel_keeps_more = IDENTITY | {"memory": 8 * 1024**3 - 40 * 1024**2}

    assert conditions.of(scenario, (), IDENTITY).machine == conditions.of(scenario, (), kernel_keeps_more).machine
    assert conditions.of(scenario, (), IDENTITY).machine != conditions.of(scenario, (), IDENTITY | {"cores": 4}).machine


def test_libraries_are_told_as_one_digest_and_python_as_it_is(tmp_path: Path) -> None:
    written(tmp_path)
    scenario = parse(tmp_path / "shop.yaml")
    flask = Likeness(1, {"/opt/python": Survey("3.12.4", {"flask": "3.1"}, ("/home/anna",))})
    newer = Likeness(1, {"/opt/python": Survey("3.12.4", {"flask": "3.2"}, ())})

    one, other = (conditions.of(scenario, (side, side), IDENTITY) for side in (flask, newer))

    assert one.python == "3.12.4"
    assert one.dependencies != other.dependencies
    assert conditions.of(scenario, (None, None), IDENTITY).dependencies == ""
    for private in ("anna", "flask", "a processor"):
        assert private not in json.dumps([one.scenario, one.dependencies, one.machine])
