"""Server-sent events are read as the HTML standard says, however the bytes come."""

import pytest

from perfkit.load.plane.events import Events, SentEvent

STREAM = (
    b"\xef\xbb\xbf: a comment\nretry: 100\ndata: first\n\n"
    b"event: price\r\nid: 7\r\ndata: {\r\ndata:  1}\r\n\r\n"
    b"data\rdata:x\r\r"
    b"event: nothing\n\n"
    b"data: caf\xc3\xa9: open\n\n"
    b"data: cut off"
)
READ = [
    SentEvent("message", b"first"),
    SentEvent("price", b"{\n 1}"),
    SentEvent("message", b"\nx"),
    SentEvent("message", "café: open".encode()),
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16, len(STREAM)])
def test_events_come_out_whole_whatever_the_pieces(size: int) -> None:
    events = Events()

    found = [event for start in range(0, len(STREAM), size) for event in events.feed(STREAM[start : start + size])]

    assert found == READ


def test_an_event_is_told_with_the_empty_line_after_it() -> None:
    events = Events()

    assert events.feed(b"data: 1\n") == []
    assert not events.is_between
    assert events.feed(b"\n") == [SentEvent("message", b"1")]
    assert events.is_between


def test_a_carriage_return_at_the_end_of_a_piece_may_be_half_of_a_lines_end() -> None:
    events = Events()

    assert events.feed(b"data: 1\r") == []
    assert events.feed(b"\n\r\n") == [SentEvent("message", b"1")]
    assert events.feed(b"data: 2\n\n") == [SentEvent("message", b"2")]
