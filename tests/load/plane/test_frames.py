"""HTTP/2 frames are passed on whole, and GOAWAY is told apart, however the bytes come."""

import pytest

from perfkit.load.plane.frames import LONGEST_FRAME, Frames, GoingAway

HEADERS = b"\x00\x00\x03\x01\x04\x00\x00\x00\x01abc"
DATA = b"\x00\x00\x05\x00\x01\x00\x00\x00\x01hello"
GOAWAY = b"\x00\x00\x0a\x07\x00\x00\x00\x00\x00\x80\x00\x00\x03\x00\x00\x00\x02no"


def test_whole_frames_are_passed_on_as_they_came() -> None:
    assert Frames().take(HEADERS + DATA) == (HEADERS + DATA, None)


@pytest.mark.parametrize("size", range(1, 12))
def test_pieces_are_put_together_and_a_goaway_is_cut_out(size: int) -> None:
    frames = Frames()
    stream = HEADERS + GOAWAY + DATA
    taken = [frames.take(stream[start : start + size]) for start in range(0, len(stream), size)]

    assert b"".join(whole for whole, _ in taken) == HEADERS + DATA
    assert [leaving for _, leaving in taken if leaving] == [GoingAway(last_stream=3, code=2)]


def test_of_several_goaways_the_last_counts() -> None:
    first = GOAWAY.replace(b"\x80\x00\x00\x03", b"\x7f\xff\xff\xff")

    assert Frames().take(first + GOAWAY + DATA) == (DATA, GoingAway(3, 2))


def test_a_goaway_without_its_fields_is_one_of_no_stream() -> None:
    assert Frames().take(b"\x00\x00\x02\x07\x00\x00\x00\x00\x00no") == (b"", GoingAway(0x6E6F0000, 0))


def test_a_frame_that_is_too_long_is_not_waited_for() -> None:
    header = (LONGEST_FRAME + 1).to_bytes(3, "big") + b"\x00\x00\x00\x00\x00\x01"

    assert Frames().take(header) == (header, None)
