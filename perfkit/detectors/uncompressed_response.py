"""Answers that compress well are sent as they are to clients that asked for gzip.

What it looks for
    Endpoints whose median answer is text (JSON, HTML, CSV, XML, scripts, style sheets), was
    requested with Accept-Encoding: gzip, came without Content-Encoding, and loses at least
    1,400 bytes and 10 % (or 20 kB) when perfkit compresses it. One fix serves all of them, so
    they are one finding, at the endpoint that could save most bytes.
Why it matters
    Bytes are time on every network but this machine's own: 300 kB take 240 ms at 10 Mbit/s.
What to change
    Compress such answers in the application or in the proxy before it.
What it cannot see
    A proxy or CDN that compresses in production, and what the time on your users' networks
    is: on this machine compression only costs CPU, so no time is claimed.
"""

from collections.abc import Iterator

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule
from perfkit.measures.lazy import Measures
from perfkit.units import show_share, show_size

RULE = Rule(
    id="uncompressed-response",
    title="Compressible answers are sent uncompressed",
    family=Family.PAYLOAD,
    needs=("responses",),
    fix="Compress text answers of 1,400 bytes and more with gzip in the application or in the proxy before it.",
    fixes={
        "django": 'Put "django.middleware.gzip.GZipMiddleware" first in MIDDLEWARE, or switch gzip on in the proxy.',
        "fastapi": "Add app.add_middleware(GZipMiddleware, minimum_size=1400), or switch gzip on in the proxy.",
        "starlette": "Add app.add_middleware(GZipMiddleware, minimum_size=1400), or switch gzip on in the proxy.",
        "flask": "Install flask-compress and call Compress(app), or switch gzip on in the proxy.",
    },
)
# Lighthouse, text compression (detectors.md 1.7): below one TCP packet nothing is won ...
MIN_SAVED_BYTES = 1_400
# ... and below 10 % only a large body is worth the CPU.
MIN_SAVED_SHARE = 0.10
LARGE_SAVED_BYTES = 20_000
COMPRESSIBLE = r"(?i)^text/|json|xml|javascript|ecmascript|csv|x-ndjson|yaml|graphql"


def detect(measures: Measures) -> Iterator[Finding]:
    plain = measures.responses.filter(
        pl.col("status").is_between(200, 299)
        & pl.col("content_type").str.contains(COMPRESSIBLE)
        & pl.col("offered_encodings").str.to_lowercase().str.contains("gzip", literal=True)
        & pl.col("content_encoding").fill_null("").str.to_lowercase().is_in(["", "identity"])
    )
    requests = measures.endpoints.select("endpoint", "requests")
    saved = pl.col("bytes") - pl.col("gzip_bytes")
    large = (
        plain.group_by("endpoint")
        .agg(pl.col("bytes", "gzip_bytes").median(), pl.col("content_type").mode().sort().first())
        .filter((saved >= MIN_SAVED_BYTES) & ((saved >= MIN_SAVED_SHARE * pl.col("bytes")) | (saved >= LARGE_SAVED_BYTES)))
        .join(requests, on="endpoint", how="left")
        .with_columns(pl.col("requests").fill_null(0))
        .sort(saved * pl.col("requests"), "endpoint", descending=[True, False])
    )
    if large.is_empty():
        return
    worst = large.row(0, named=True)
    sent, packed = float(worst["bytes"]), float(worst["gzip_bytes"])
    kind = str(worst["content_type"]).partition(";")[0]
    others = f"; so are the answers of {large.height - 1} more endpoints" if large.height > 1 else ""
    yield Finding(
        rule=RULE,
        where=str(worst["endpoint"]),
        level=Level.MEASURED,
        message=(
            f"{worst['endpoint']}: {show_size(sent)} of {kind} per answer, uncompressed; "
            f"gzip makes it {show_size(packed)} ({show_share((sent - packed) / sent)} less){others}"
        ),
        exhibits=(Exhibit("median answers", large.select("endpoint", "requests", "content_type", "bytes", "gzip_bytes")),),
        caveats=(Caveat("a proxy in front of the service may compress in production; on this machine it gains no time"),),
        fix=RULE.fix_for(measures.frameworks),
    )
