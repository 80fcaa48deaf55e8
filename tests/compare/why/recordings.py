"""What profilers saw of two versions, drawn: requests of known functions, with the noise of a machine that others use too."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from perfkit.compare.why.recorded import UNITS, Recorded, Seen
from perfkit.evidence import Missing
from perfkit.schemas import PROFILE
from tests.builders import Request, measures

PAIRS = 12
REQUESTS = 80  # of each endpoint in each stretch
RATE = 200.0
ENDPOINT = "GET /orders"
VIEW = "orders (/srv/base/shop/orders.py:12)"


def some_seen(
    times: Mapping[tuple[str, ...], float], seed: int, endpoint: str = ENDPOINT, pairs: int = PAIRS, noise: float = 0.05
) -> tuple[Seen, ...]:
    """py-spy at stacks that take so many seconds per request: Poisson samples, on a machine whose speed wanders."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(pairs):
        speed = np.exp(random.normal(0, noise))
        counts = {stack: int(random.poisson(time * speed * REQUESTS * RATE)) for stack, time in times.items()}
        rows = [(1, endpoint, list(stack), count, count / RATE) for stack, count in counts.items() if count]
        found.append(Seen(number, {endpoint: pl.DataFrame(rows, schema=PROFILE, orient="row")}, {endpoint: REQUESTS}))
    return tuple(found)


def some_trees(
    times: Mapping[tuple[str, ...], float], seed: int, endpoint: str = ENDPOINT, requests: int = 12
) -> tuple[Seen, ...]:
    """pyinstrument at a tenth of the requests: every time is measured, and varies."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(PAIRS):
        rows = [
            (1, endpoint, list(stack), requests, float(time * requests * np.exp(random.normal(0, 0.08))))
            for stack, time in times.items()
        ]
        found.append(Seen(number, {endpoint: pl.DataFrame(rows, schema=PROFILE, orient="row")}, {endpoint: requests}))
    return tuple(found)


def a_version(
    side: str = "base",
    requests: Sequence[Request] = (),
    stacks: tuple[Seen, ...] | Missing = Missing("no py-spy here"),  # noqa: B008
    trees: tuple[Seen, ...] | Missing = Missing("no pyinstrument here"),  # noqa: B008
    units: int = 20,
    roots: tuple[str, ...] = ("/srv/base", "/srv/head"),
) -> Recorded:
    """Requests as `builders.many` makes them, in as many units as are asked for."""
    own = measures(requests)
    traced = own.evidence.samples["id"].to_list()
    rows = [(number, place * units // max(1, len(traced))) for place, number in enumerate(traced)]
    table = pl.DataFrame(rows, schema=UNITS, orient="row")
    return Recorded("base" if side == "base" else "head", own, table, stacks, trees, roots)
