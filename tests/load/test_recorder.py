"""Raw samples: what is written is read back, also after a kill."""

import math
from pathlib import Path

import pytest

from perfkit.errors import EvidenceError, LoadError
from perfkit.evidence import RunDirectory
from perfkit.load.recorder import RECORD, Recorder, Sample, read
from perfkit.schemas import RESPONSES, SAMPLES

EPOCH = 1000.0


def a_sample(
    number: int = 1,
    *,
    endpoint: str = "GET /items",
    error: str = "",
    finished_at: float = EPOCH + 1.5,
    first_byte_at: float = EPOCH + 1.2,
) -> Sample:
    return Sample(
        id=number,
        virtual_user=7,
        flow="browse",
        step="browse[1]",
        endpoint=endpoint,
        named=True,
        phase="measure",
        intended_at=EPOCH + 1.0,
        sent_at=EPOCH + 1.1,
        first_byte_at=first_byte_at,
        finished_at=finished_at,
        connect_time=0.01,
        tls_time=0.03,
        reconnect=True,
        status=201,
        bytes=512,
        error=error,
    )


def written(path: Path, *samples: Sample) -> RunDirectory:
    directory = RunDirectory(path)
    recorder = Recorder(directory.samples, worker=3)
    for sample in samples:
        recorder.record(sample)
    recorder.close()
    return directory


def test_a_sample_comes_back_as_it_was_written(tmp_path: Path) -> None:
    directory = written(tmp_path, a_sample(1 << 50))

    samples, _ = read(directory, EPOCH)

    assert samples.schema == SAMPLES
    assert samples.row(0, named=True) == {
        "id": 1 << 50,
        "worker": 3,
        "virtual_user": 7,
        "flow": "browse",
        "step": "browse[1]",
        "endpoint": "GET /items",
        "named": True,
        "phase": "measure",
        "intended_at": pytest.approx(1.0),
        "sent_at": pytest.approx(1.1),
        "first_byte_at": pytest.approx(1.2),
        "finished_at": pytest.approx(1.5),
        "connect_time": 0.01,
        "tls_time": 0.03,
        "reconnect": True,
        "status": 201,
        "bytes": 512,
        "error": None,
    }


def test_a_request_without_an_answer_has_an_error_and_no_first_byte(tmp_path: Path) -> None:
    directory = written(tmp_path, a_sample(error="timeout", first_byte_at=math.nan))

    samples, _ = read(directory, EPOCH)

    assert samples["error"].to_list() == ["timeout"]
    assert math.isnan(samples["first_byte_at"][0])


def test_samples_come_in_the_order_in_which_they_ended(tmp_path: Path) -> None:
    directory = written(tmp_path, a_sample(1, finished_at=EPOCH + 9), a_sample(2, finished_at=EPOCH + 3))

    samples, _ = read(directory, EPOCH)

    assert samples["id"].to_list() == [2, 1]


def test_a_cut_off_last_record_is_left_out(tmp_path: Path) -> None:
    directory = written(tmp_path, a_sample(1), a_sample(2, endpoint="GET /other"))
    file = directory.samples / "3.samples"
    file.write_bytes(file.read_bytes()[:-5])

    samples, _ = read(directory, EPOCH)

    assert samples["id"].to_list() == [1]


def test_a_cut_off_last_name_is_left_out(tmp_path: Path) -> None:
    directory = written(tmp_path, a_sample(1))
    with (directory.samples / "3.names").open("a") as file:
        file.write('{"id": 9, "te')

    samples, _ = read(directory, EPOCH)

    assert samples["endpoint"].to_list() == ["GET /items"]


def test_names_are_on_disk_before_the_samples_that_need_them(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    recorder = Recorder(directory.samples, worker=3)

    recorder.record(a_sample(1))
    recorder.flush()
    recorder.record(a_sample(2, endpoint="GET /late"))

    assert read(directory, EPOCH)[0]["endpoint"].to_list() == ["GET /items"]
    recorder.close()
    assert read(directory, EPOCH)[0]["endpoint"].to_list() == ["GET /items", "GET /late"]


def test_samples_of_lost_names_are_refused(tmp_path: Path) -> None:
    directory = written(tmp_path, a_sample(1))
    (directory.samples / "3.names").unlink()

    with pytest.raises(EvidenceError, match="names"):
        read(directory, EPOCH)


def test_a_run_without_samples_reads_as_empty_tables(tmp_path: Path) -> None:
    samples, responses = read(RunDirectory(tmp_path), EPOCH)

    assert samples.schema == SAMPLES
    assert responses.schema == RESPONSES
    assert samples.height == responses.height == 0


def test_responses_come_back_in_their_schema(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    recorder = Recorder(directory.samples, worker=0)
    row = {
        "endpoint": "GET /items",
        "status": 200,
        "content_type": "application/json",
        "content_encoding": "",
        "offered_encodings": "gzip, deflate",
        "bytes": 9000,
        "gzip_bytes": 700,
        "items": 40,
        "query": False,
    }

    recorder.response(row)
    recorder.close()
    _, responses = read(directory, EPOCH)

    assert responses.schema == RESPONSES
    assert responses.rows(named=True) == [row]


def test_a_record_has_no_padding() -> None:
    assert RECORD.size == 8 + 5 * 4 + 1 + 1 + 1 + 2 + 8 + 7 * 8


def test_a_disk_that_takes_no_more_is_told_each_time_and_nothing_follows_half_a_record(tmp_path: Path) -> None:
    (tmp_path / "3.samples").symlink_to("/dev/full")
    recorder = Recorder(tmp_path, worker=3)
    recorder.record(a_sample())

    with pytest.raises(LoadError, match=r"samples cannot be written to .*: No space left on device"):
        recorder.flush()
    (tmp_path / "3.samples").unlink()
    recorder.record(a_sample(2))

    with pytest.raises(LoadError, match="No space left on device"):
        recorder.close()
