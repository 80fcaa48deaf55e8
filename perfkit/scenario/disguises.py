"""The forms in which a value travels: in a URL, in JSON, in HTML, in base64; whoever hides it must know them all."""

import base64
import html
import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus

# Characters that stand as they are: in a query, in a path, in what perfkit itself sends (load/request.py), in a browser's line.
_STAND: Final = ("", "/", "/?&=%:@!$'()*+,;~-._[]", ":/?#[]@!$&'()*+,;=%~")
# Four characters of base64 stand for three bytes; of fewer groups than these the same characters come about by chance.
_GROUP: Final = 3
_LEAST_GROUPS: Final = 2


def forms(value: str) -> frozenset[str]:
    """Every form of the value, itself among them."""
    return frozenset((*_plain(value), *_base64(value)))


def _plain(value: str) -> Iterator[str]:
    encoded = [quote(value, safe=safe) for safe in _STAND] + [quote_plus(value)]
    yield from (value, html.escape(value), repr(value)[1:-1], repr(value.encode())[2:-1], *encoded)
    yield from (_small_digits(text) for text in encoded)
    yield from (json.dumps(value, ensure_ascii=only_ascii)[1:-1] for only_ascii in (True, False))
    # What a server reads as ISO 8859-1, as WSGI does.
    yield value.encode().decode("latin-1")


def _small_digits(text: str) -> str:
    """%2F as %2f."""
    first, *rest = text.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64(value: str) -> Iterator[str]:
    """The groups that hold nothing but the value, wherever it begins in what was encoded."""
    content = value.encode()
    for skipped in range(_GROUP):
        groups = (len(content) - skipped) // _GROUP
        if groups >= _LEAST_GROUPS:
            part = content[skipped : skipped + groups * _GROUP]
            yield base64.b64encode(part).decode()
            yield base64.urlsafe_b64encode(part).decode()
