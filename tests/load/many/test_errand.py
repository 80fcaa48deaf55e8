"""The order as it travels."""

from pathlib import Path

import pytest

from perfkit.errors import LoadError
from perfkit.load.channel import Order, Workforce
from perfkit.load.many import errand
from perfkit.scenario.model import Scenario


def an_order(folder: Path, path: str = "/${data.ids.id}") -> Order:
    rows = folder / "rows.csv"
    rows.write_text("id\na\nb\n")
    whole = {
        "perfkit": 1,
        "target": "http://127.0.0.1:9",
        "get": [path],
        "load": [{"rate": "5/s", "for": "1s"}],
        "data": {"ids": {"csv": str(rows)}},
    }
    return Order(Scenario.model_validate(whole), "default", folder, "run", 1.5, 7, Workforce(2, 1, token="t" * 20))


def test_another_machine_gets_the_tables_along(tmp_path: Path) -> None:
    order = an_order(tmp_path)
    there = tmp_path / "there"
    there.mkdir()

    scenario = errand.scenario_here(errand.written(order, for_elsewhere=True), there, {})

    assert Path(scenario.data["ids"].csv).parent == there
    assert Path(scenario.data["ids"].csv).read_text() == "id\na\nb\n"
    assert scenario.model_copy(update={"data": order.scenario.data}) == order.scenario


def test_the_masters_own_workers_read_the_files_themselves(tmp_path: Path) -> None:
    said = errand.written(an_order(tmp_path), for_elsewhere=False)

    assert (said["tables"], said["of"]) == ({}, 3)


def test_secrets_do_not_travel_and_those_that_lack_are_named(tmp_path: Path) -> None:
    said = errand.written(an_order(tmp_path, "/${secret.KEY}?a=${env.PLACE}&b=${secret.OTHER}"), for_elsewhere=True)

    with pytest.raises(LoadError, match="the scenario needs OTHER, PLACE, not set"):
        errand.scenario_here(said, tmp_path, {"PERFKIT_SECRET_KEY": "k"})


def test_an_order_survives_the_pipe(tmp_path: Path) -> None:
    order = an_order(tmp_path)

    assert Order.read(order.write()) == order
    assert "t" * 20 not in repr(order)
