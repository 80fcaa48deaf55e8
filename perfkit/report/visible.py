"""Strings of the target made harmless to look at: control and direction characters become visible signs."""

import re
from typing import Final

# C0 (but tab and newline), DEL, C1, direction marks and overrides, line separators, byte order mark, surrogates, non-characters:
# they move the cursor, turn the text around, or may not stand in XML or UTF-8 at all.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]",
)


def visible(text: str) -> str:
    """The same text with every unseen character shown as a sign: `⟨U+001B⟩`."""
    return _UNSEEN.sub(_sign, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Visible text whose white space has become single blanks."""
    return " ".join(visible(text).split())


def clip(text: str, limit: int) -> str:
    """At most `limit` characters; what was cut off leaves an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def clip_middle(text: str, limit: int) -> str:
    """At most `limit` characters with both ends kept: routes and paths differ at the end."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[-tail:]}"


def _sign(match: re.Match[str]) -> str:
    # By number: few fonts have the control pictures (U+2400 and on), and an empty box says nothing.
    return f"⟨U+{ord(match[0]):04X}⟩"
