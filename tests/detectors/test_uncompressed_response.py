"""Answers that could be smaller."""

from typing import Any

from perfkit.detectors.uncompressed_response import RULE, detect
from perfkit.finding import Finding
from tests.builders import a_response, a_run, many, measures


def found(**response: Any) -> list[Finding]:
    answer = a_response(bytes=49_152, gzip_bytes=6_144, content_type="application/json; charset=utf-8") | response
    run = a_run(serving=({"pid": 100, "server": "uvicorn", "framework": "fastapi", "python": "3.11"},))
    return list(detect(measures(many(30), run=run, responses=[answer])))


def test_a_large_json_answer_is_found_with_what_gzip_makes_of_it() -> None:
    (finding,) = found()

    assert finding.message == "GET /orders: 48 KiB of application/json per answer, uncompressed; gzip makes it 6 KiB (88 % less)"
    assert finding.saving is None
    assert finding.fix == RULE.fixes["fastapi"]


def test_a_compressed_answer_is_fine() -> None:
    assert found(content_encoding="gzip") == []


def test_nobody_asked_for_gzip() -> None:
    assert found(offered_encodings="identity") == []


def test_images_do_not_compress() -> None:
    assert found(content_type="image/png") == []


def test_less_than_a_packet_is_nothing_won() -> None:
    assert found(bytes=2_000, gzip_bytes=700) == []


def test_a_small_share_of_a_body_is_not_worth_the_processor() -> None:
    assert found(bytes=49_152, gzip_bytes=46_000) == []


def test_a_small_share_of_a_huge_body_is() -> None:
    assert len(found(bytes=1_000_000, gzip_bytes=950_000)) == 1


def test_errors_are_not_looked_at() -> None:
    assert found(status=500) == []
