"""The target's log: its end, without secrets."""

from pathlib import Path

from perfkit.scenario import secrets
from perfkit.target import log


def test_the_tail_is_the_last_fifteen_lines(tmp_path: Path) -> None:
    path = tmp_path / "target.log"
    path.write_text("".join(f"line {number}\n" for number in range(100)))

    assert log.tail(path).splitlines() == [f"line {number}" for number in range(85, 100)]


def test_a_log_that_was_never_written_has_no_last_words(tmp_path: Path) -> None:
    assert log.tail(tmp_path / "target.log") == ""
    assert log.quote(tmp_path / "target.log") == "; it said nothing"


def test_masking_keeps_every_other_byte(tmp_path: Path) -> None:
    path = tmp_path / "target.log"
    path.write_bytes(b"caf\xe9\r\nkey=correct-horse-battery\r\nend")
    secrets.remember("correct-horse-battery")

    log.mask(path)

    assert path.read_bytes() == b"caf\xe9\r\nkey=***\r\nend"
    assert list(tmp_path.iterdir()) == [path]


def test_a_secret_of_many_lines_is_masked_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "target.log"
    path.write_text("-- first line\nsecond line --\n")
    secrets.remember("first line\nsecond line")

    log.mask(path)

    assert path.read_text() == "-- *** --\n"
