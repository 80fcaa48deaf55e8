"""A registered series: no run twice, none forgotten, and what comes after is what was planned."""

import subprocess
from pathlib import Path

import grimp
import pytest

from bench.compare import registered as registered_
from bench.compare.registered import BROKEN_OFF, OF_CAPACITY_ALONE, Item, RegistrationError, Series, protocol, protocol_of

ITEMS = [Item(1, 11, "cpu", "order"), Item(2, 12, "lock", "quote"), Item(3, 13, "cpu", "stock")]


def registered(folder: Path) -> Series:
    series = Series(folder / "alike-1.jsonl")
    series.register(ITEMS, {"budget": "20s"}, "tree")
    return series


def test_a_later_session_goes_on_where_the_ledger_ends(tmp_path: Path) -> None:
    first = registered(tmp_path)
    first.begin(ITEMS[0])
    first.end(ITEMS[0], {"outcome": "equivalent"})

    later = Series(tmp_path / "alike-1.jsonl")

    assert next(later.left()) == ITEMS[1]
    assert [one.found for one in later.answered] == [{"outcome": "equivalent"}]
    assert later.facts == {"budget": "20s"}


def test_no_run_is_begun_twice_whatever_came_of_it(tmp_path: Path) -> None:
    series = registered(tmp_path)
    series.begin(ITEMS[0])
    series.end(ITEMS[0], {"outcome": "failed"})

    with pytest.raises(RegistrationError, match="run 1 was begun before"):
        Series(tmp_path / "alike-1.jsonl").begin(ITEMS[0])


def test_what_came_of_a_run_is_written_once(tmp_path: Path) -> None:
    series = registered(tmp_path)
    series.begin(ITEMS[0])
    series.end(ITEMS[0], {"outcome": "regressed"})

    with pytest.raises(RegistrationError, match="not under way"):
        series.end(ITEMS[0], {"outcome": "equivalent"})


def test_a_run_that_was_broken_off_stays_and_brings_another_of_its_kind(tmp_path: Path) -> None:
    gone = registered(tmp_path)
    gone.begin(ITEMS[1])  # and then the machine went down

    later = Series(tmp_path / "alike-1.jsonl")
    broken = later.broken_off()
    later.end(broken[0], {"outcome": BROKEN_OFF})

    assert broken == (ITEMS[1],)
    assert later.answered == ()
    assert [item.number for item in later.planned] == [1, 2, 3, 4]
    assert (later.planned[3].kind, later.planned[3].place) == ("lock", "quote")
    assert later.planned[3].seed not in {item.seed for item in ITEMS}


def test_all_of_a_series_is_run_in_its_order(tmp_path: Path) -> None:
    series = registered(tmp_path)
    seen = []
    for item in series.left():
        series.begin(item)
        series.end(item, {"outcome": "equivalent"})
        seen.append(item.number)

    assert seen == [1, 2, 3]
    assert list(series.left()) == []


def test_a_series_is_not_registered_anew(tmp_path: Path) -> None:
    registered(tmp_path)

    with pytest.raises(RegistrationError, match="registered already"):
        Series(tmp_path / "alike-1.jsonl").register(ITEMS, {}, "tree")


def test_another_protocol_is_another_series(tmp_path: Path) -> None:
    series = registered(tmp_path)

    series.require("tree", "what that was by other rules")
    series.require("what that is by other rules", "what that is by other rules")
    with pytest.raises(RegistrationError, match="register another series with --series"):
        series.require("another tree", "what that was by other rules")


def test_the_commit_of_a_series_is_one_that_git_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registered_, "commit", lambda: "dc42d098dc+")

    assert registered(tmp_path).commit == "dc42d098dc"


def committed(root: Path, **files: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    for name, text in files.items():
        path = root / "perfkit" / name / "code.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "more"]):
        subprocess.run(["git", "-C", root, *who, *command], check=True)


def test_only_what_a_series_measures_makes_it_another_one(tmp_path: Path) -> None:
    committed(tmp_path, compare="1", capacity="1", cli="1", stats="1")
    first = {group: protocol(group, root=tmp_path) for group in ("compare", "capacity")}

    committed(tmp_path, capacity="2", cli="2")
    assert protocol("compare", root=tmp_path) == first["compare"]
    assert protocol("capacity", root=tmp_path) != first["capacity"]

    committed(tmp_path, stats="2")
    assert protocol("compare", root=tmp_path) != first["compare"]


def test_what_is_found_to_have_no_say_is_left_out_of_the_past_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed(tmp_path, compare="1", idle="1")
    then = subprocess.run(["git", "-C", tmp_path, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    committed(tmp_path, idle="2")
    assert protocol("compare", root=tmp_path) != protocol_of(then, "compare", root=tmp_path)

    monkeypatch.setattr(registered_, "NO_SAY", ("perfkit/idle/",))

    assert protocol("compare", root=tmp_path) == protocol_of(then, "compare", root=tmp_path)


def test_what_one_bench_looks_at_makes_only_its_series_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registered_, "OF_ONE_BENCH", {"at-rate": ("perfkit/queue/",)})
    committed(tmp_path, compare="1", queue="1")
    first = {bench: protocol("compare", bench, tmp_path) for bench in ("at-rate", "planted")}

    committed(tmp_path, queue="2")

    assert protocol("compare", "planted", tmp_path) == first["planted"]
    assert protocol("compare", "at-rate", tmp_path) != first["at-rate"]


def test_what_is_not_committed_cannot_be_registered(tmp_path: Path) -> None:
    committed(tmp_path, compare="1", cli="1")
    (tmp_path / "perfkit/cli/code.py").write_text("2")
    assert protocol("compare", root=tmp_path)

    (tmp_path / "perfkit/compare/code.py").write_text("2")
    with pytest.raises(RegistrationError, match="uncommitted"):
        protocol("compare", root=tmp_path)


def test_what_is_left_out_of_a_comparisons_protocol_is_imported_by_none() -> None:
    graph = grimp.build_graph("perfkit")
    driving = {name for name in graph.modules if name.startswith("perfkit.compare.")} | {"perfkit.cli.compare", "perfkit.cli.run"}
    driving.add("perfkit.load.locustfile")
    imported = driving.union(*(graph.find_upstream_modules(name) for name in driving))

    left_out = {path.removesuffix(".py").replace("/", ".") for path in OF_CAPACITY_ALONE}

    assert left_out <= graph.modules
    assert not left_out & imported
