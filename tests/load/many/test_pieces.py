"""Files that arrive whole, whatever is said twice."""

from pathlib import Path

import pytest

from perfkit.load.many.pieces import LARGEST, NAMES, SAMPLES, Parcel, Piece, Store


def write(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def deliver(parcel: Parcel, store: Store, worker: int) -> list[str]:
    """All that there is; the kinds in the order in which they went."""
    went: list[str] = []
    while (piece := parcel.next()) is not None:
        went.append(piece.file)
        parcel.had(piece.file, store.take(worker, piece))
    return went


def test_what_is_written_arrives_in_pieces_and_names_arrive_first(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    parcel, store = Parcel(there, 2), Store(here)
    content = bytes(range(256)) * (LARGEST // 100)

    write(there / "2.samples", content)
    write(there / "2.names", b"one\n")
    went = deliver(parcel, store, 2)
    write(there / "2.samples", b"more")
    write(there / "2.names", b"two\n")
    went_later = deliver(parcel, store, 2)

    assert went == [NAMES, SAMPLES, SAMPLES, SAMPLES]
    assert went_later == [NAMES, SAMPLES]
    assert (here / "2.samples").read_bytes() == content + b"more"
    assert (here / "2.names").read_bytes() == b"one\ntwo\n"
    assert parcel.is_delivered
    assert parcel.sizes[SAMPLES] == store.size(2, SAMPLES)


def test_a_piece_is_not_followed_before_it_is_acknowledged(tmp_path: Path) -> None:
    write(tmp_path / "0.names", b"one\n")
    parcel = Parcel(tmp_path, 0)

    first = parcel.next()

    assert first is not None
    assert parcel.next() is None
    assert not parcel.is_delivered
    parcel.had(first.file, first.offset)  # the master has nothing of it
    assert parcel.next() is None
    parcel.had(first.file, len(b"one\n"))
    assert parcel.is_delivered


def test_a_piece_that_comes_twice_or_too_early_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    sizes = [store.take(1, Piece(SAMPLES, offset, b"abcd")) for offset in (0, 0, 8, 4)]

    assert sizes == [4, 4, 4, 8]
    assert (tmp_path / "1.samples").read_bytes() == b"abcdabcd"


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no file of a worker"):
        Store(tmp_path).take(1, Piece("../../escaped", 0, b"x"))
