from pathlib import Path

from perfkit.probe import records
from perfkit.target import handover


def a_probe(folder: Path) -> Path:
    probe = folder / "probe"
    probe.mkdir()
    (probe / "7-1.requests").write_bytes(b"a" * records.REQUEST.size)
    (probe / "7-1.events").write_text('{"kind": "name", "id": 1, "text": "GET /"}\n')
    (probe / "control").write_bytes(b"\0")
    return probe


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def test_only_what_came_after_the_mark_is_handed_over(tmp_path: Path) -> None:
    probe = a_probe(tmp_path)
    since = handover.mark(probe)
    append(probe / "7-1.requests", b"b" * records.REQUEST.size)

    handover.take(probe, since, tmp_path / "run")

    assert (tmp_path / "run" / "7-1.requests").read_bytes() == b"b" * records.REQUEST.size


def test_names_that_records_refer_to_are_handed_over_whole(tmp_path: Path) -> None:
    probe = a_probe(tmp_path)

    handover.take(probe, handover.mark(probe), tmp_path / "run")

    assert (tmp_path / "run" / "7-1.events").read_text() == (probe / "7-1.events").read_text()
    assert not (tmp_path / "run" / "control").exists()


def test_a_process_that_was_born_after_the_mark_is_handed_over(tmp_path: Path) -> None:
    probe = a_probe(tmp_path)
    since = handover.mark(probe)
    (probe / "9-2.calls").write_bytes(b"c" * records.CALL.size)

    handover.take(probe, since, tmp_path / "run")

    assert (tmp_path / "run" / "9-2.calls").stat().st_size == records.CALL.size


def test_a_record_that_was_half_written_at_the_mark_is_handed_over_whole(tmp_path: Path) -> None:
    probe = a_probe(tmp_path)
    append(probe / "7-1.requests", b"b" * 3)
    since = handover.mark(probe)
    append(probe / "7-1.requests", b"b" * (records.REQUEST.size - 3))

    handover.take(probe, since, tmp_path / "run")

    assert (tmp_path / "run" / "7-1.requests").read_bytes() == b"b" * records.REQUEST.size
