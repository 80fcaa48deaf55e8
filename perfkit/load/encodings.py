"""Content encodings undone, when somebody wants to read a body: what is counted stays what was on the wire."""

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import Final

import brotli
import zstandard


def decoded(body: bytes, encoding: str) -> bytes | None:
    """The body before its content encoding, or list of them; None when that cannot be undone here."""
    # RFC 9110, 8.4: codings are listed in the order in which they were applied.
    for name in reversed([name.strip().lower() for name in encoding.split(",")]):
        undo = _UNDONE.get(name)
        if undo is None:
            return None
        try:
            body = undo(body)
        except (OSError, EOFError, zlib.error, brotli.error, zstandard.ZstdError):
            return None
    return body


def _inflate(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        # Some servers send the bare stream without zlib's header, against RFC 9110, and clients take it.
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _unzstd(body: bytes) -> bytes:
    """Frame after frame; a frame that was compressed as a stream does not say how long it will be."""
    pieces: list[bytes] = []
    while True:
        frame = zstandard.ZstdDecompressor().decompressobj()
        pieces.append(frame.decompress(body))
        if not frame.eof:
            raise EOFError("a frame without its end")
        body = frame.unused_data
        if not body:
            return b"".join(pieces)


def _unchanged(body: bytes) -> bytes:
    return body


def _unbrotli(body: bytes) -> bytes:
    whole: bytes = brotli.decompress(body)
    return whole


_UNDONE: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "": _unchanged,
    "identity": _unchanged,
    "gzip": gzip.decompress,
    "x-gzip": gzip.decompress,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
