"""Data and libraries put into script elements: nothing in them can end the element or be taken for markup."""

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

from markupsafe import Markup

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

_COMPRESSION: Final = 6  # level 9 is 1 % smaller and takes twice as long


@dataclass(frozen=True, slots=True)
class Library:
    """A script that the page inflates when it needs it, and the hash by which the page's policy admits it."""

    packed: str  # gzip, base64
    policy: str  # "'sha256-...'"


def embed(data: Json) -> Markup:
    """JSON for `<script type="application/json">`: ASCII only (so no U+2028), without `<`, `>` and `&`."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    # These three occur in JSON only inside strings, where the escapes mean the same to JSON and nothing to HTML.
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def policy_hash(script: str) -> str:
    """The source expression that lets a content security policy admit exactly this script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def plotly() -> Library:
    """plotly.js of the installed package, 4.8 MB that travel as 2.0 MB."""
    script = (files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")
    packed = gzip.compress(script.encode(), _COMPRESSION, mtime=0)  # no time stamp: the same page gives the same bytes
    return Library(packed=base64.b64encode(packed).decode(), policy=policy_hash(script))
