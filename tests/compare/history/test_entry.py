"""An entry as a file: the same for everybody who adds it, strict when it is read, and silent about hosts, paths and secrets."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from perfkit.compare.history import entry as entries
from perfkit.compare.history import reading
from perfkit.errors import EvidenceError
from tests.compare.history.histories import CONDITIONS, a_count, a_ratio, a_report, an_entry


def raw(**fields: object) -> bytes:
    return json.dumps(json.loads(entries.text(an_entry())) | fields).encode()


def test_what_is_written_is_read_back() -> None:
    entry = an_entry(3, a_ratio(0.04), a_ratio(endpoint="GET /products"), counts=(a_count(3, 14),), dirty=True)

    assert entries.read(entries.text(entry).encode()) == entry


def test_the_same_comparison_has_the_same_name_and_another_has_another() -> None:
    assert an_entry(3).name == an_entry(3).name
    assert an_entry(3).name != an_entry(3, a_ratio(0.04)).name
    assert re.fullmatch(r"20260104-101500-0000003-[0-9a-f]{12}\.json", an_entry(3).name)


def test_a_comparison_becomes_an_entry(tmp_path: Path) -> None:
    entry = an_entry(3, a_ratio(0.04), counts=(a_count(3, 14),), answer="regressed")

    assert reading.read(a_report(tmp_path / "one", entry)) == entry


def test_nothing_is_shared_but_commits_numbers_and_digests(tmp_path: Path) -> None:
    entry = an_entry(
        1, a_ratio(endpoint="GET http://user:pw@shop.internal:8000/orders"), counts=(a_count(3, 14),), base_label="v1.4"
    )
    report = a_report(tmp_path / "one", entry, detail="SELECT secret at /home/anna/shop/orders.py:41")

    text = entries.text(reading.read(report))

    assert "GET /orders" in text
    for private in ("internal", "user", "pw@", "anna", "SELECT", str(tmp_path)):
        assert private not in text


def test_what_a_base_was_typed_as_is_shared_of_revisions_only(tmp_path: Path) -> None:
    report = a_report(tmp_path / "one", an_entry(base="", base_label="cmd:gunicorn shop:app"))
    content = json.loads((report / "comparison.json").read_text())
    content["comparison"]["base"]["kind"] = "command"
    (report / "comparison.json").write_text(json.dumps(content))

    assert reading.read(report).base_label == ""


def test_statuses_and_bodies_are_no_numbers_to_draw(tmp_path: Path) -> None:
    report = a_report(tmp_path / "one", an_entry(counts=(a_count(200, 500, "status"), a_count(3, 14))))
    content = json.loads((report / "comparison.json").read_text())
    content["counters"].append({"endpoint": "GET /orders", "counter": "body", "base": "1a2b", "head": "3c4d"})
    (report / "comparison.json").write_text(json.dumps(content))

    assert [one.counter for one in reading.read(report).counts] == ["statements"]


def test_a_comparison_from_before_conditions_were_written_is_read(tmp_path: Path) -> None:
    report = a_report(tmp_path / "one", an_entry())
    content = json.loads((report / "comparison.json").read_text())
    del content["comparison"]["conditions"]
    (report / "comparison.json").write_text(json.dumps(content))

    assert reading.read(report) == an_entry(conditions=replace(CONDITIONS, scenario="", python="", dependencies="", machine=""))


def test_a_folder_without_a_finished_comparison_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"is no comparison that came to its end: it has no comparison\.json"):
        reading.read(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": 1}', '{"format": 1, "comparison": {"base": 3}}'])
def test_a_damaged_comparison_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "comparison.json").write_text(content)

    with pytest.raises(EvidenceError, match=r"comparison\.json is damaged"):
        reading.read(tmp_path)


def test_a_comparison_of_another_format_says_so(tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text('{"format": 7}')

    with pytest.raises(EvidenceError, match="is of format 7; this perfkit reads format 1"):
        reading.read(tmp_path)


def test_an_entry_of_a_newer_perfkit_says_so() -> None:
    with pytest.raises(ValueError, match="is of format 2; this perfkit reads format 1"):
        entries.read(raw(format=2, ratios="not as it was"))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"null", raw(commit=3), raw(ratios=[{"endpoint": "x"}]), b"\xff\xfe", raw(counts=None),
    ],
)  # fmt: skip
def test_what_is_no_entry_says_so(content: bytes) -> None:
    with pytest.raises(ValueError, match="is no entry"):
        entries.read(content)


@pytest.mark.parametrize(
    "impossible", [{"level": 0}, {"level": 1.5}, {"change": -1.0}, {"interval": [-3, 0.1]}, {"interval": [0.2, 0.1]}]
)
def test_impossible_numbers_are_refused(impossible: dict[str, object]) -> None:
    one = json.loads(entries.text(an_entry()))["ratios"][0] | impossible

    with pytest.raises(ValueError, match="impossible numbers for 'GET /orders'"):
        entries.read(raw(ratios=[one]))


def test_a_file_of_any_size_is_not_read() -> None:
    with pytest.raises(ValueError, match="is too large"):
        entries.read(b" " * (entries.LARGEST + 1))


def test_two_runs_on_record_make_no_ratio(tmp_path: Path) -> None:
    report = a_report(tmp_path / "one", an_entry())
    content = json.loads((report / "comparison.json").read_text())
    content["comparison"]["base"]["kind"] = "run"
    (report / "comparison.json").write_text(json.dumps(content))

    with pytest.raises(EvidenceError, match="is of two runs on record"):
        reading.read(report)
