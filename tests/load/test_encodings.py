"""Content encodings: each is undone, none is guessed, and a broken body is no body."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from perfkit.load.encodings import decoded
from perfkit.load.exchange import Answer
from perfkit.load.reading import Reading

BODY = b'{"id": 7}' * 1000


def bare_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


def zstd_stream(body: bytes) -> bytes:
    """Compressed piece by piece: the frame does not say how long it will be."""
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(body[:10]) + stream.compress(body[10:]) + stream.flush()


def zstd_frames(body: bytes) -> bytes:
    return zstandard.compress(body[:10]) + zstandard.compress(body[10:])


ENCODERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", bare_deflate),
    ("br", brotli.compress),
    ("zstd", zstandard.compress),
    ("zstd", zstd_stream),
    ("zstd", zstd_frames),
]


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_what_was_encoded_is_decoded(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decoded(encode(BODY), encoding) == BODY
    assert decoded(encode(BODY), encoding.upper()) == BODY


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_a_body_that_was_cut_off_or_is_something_else_is_no_body(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decoded(encode(BODY)[:-5], encoding) is None
    assert decoded(b"\xff\xfe this is nothing of the kind", encoding) is None


def test_encodings_are_undone_in_the_reverse_of_their_order() -> None:
    assert decoded(brotli.compress(gzip.compress(BODY)), "gzip, br") == BODY


def test_an_encoding_that_nobody_knows_is_not_guessed() -> None:
    assert decoded(BODY, "aes128gcm") is None
    assert decoded(BODY, "") == decoded(BODY, "identity") == BODY


@pytest.mark.parametrize(("encoding", "encode"), ENCODERS)
def test_an_encoded_body_is_decoded_before_it_is_read(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    reading = Reading(Answer(200, (("Content-Encoding", encoding),), encode(b'{"id": 7}')))

    assert reading.json == {"id": 7}
