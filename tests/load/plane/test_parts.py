"""A prepared request is taken apart into what it says."""

from perfkit.load.plane.parts import Parts, parts_of


def test_the_host_is_apart_names_are_in_lower_case_and_the_body_is_whole() -> None:
    request = b"POST /a?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nX-Colon: a:b\r\nContent-Length: 6\r\n\r\na\r\n\r\nb"

    assert parts_of(request) == Parts(
        b"POST", b"/a?x=1", b"127.0.0.1:8000", [(b"x-colon", b"a:b"), (b"content-length", b"6")], b"a\r\n\r\nb"
    )


def test_what_belongs_to_one_connection_is_left_out() -> None:
    request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUpgrade: x\r\nTE: trailers\r\n\r\n"

    assert parts_of(request).headers == [(b"te", b"trailers")]
