"""Pairs of runs on record: requests of a second each, spread over the measure phase."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from perfkit.compare.runs import on_record
from perfkit.compare.runs.on_record import OnRecord
from tests import builders

SCENARIO: dict[str, Any] = {
    "flows": {"browse": ["GET /orders"]},
    "load": {"open": [{"rate": 10.0}]},
    "seed": 1,
    "target": {"launch": {"command": ["gunicorn", "app:app"], "cwd": "/here/shop"}},
}
LIBRARIES = {"flask": "3.1"}
QUERY = "SELECT id, name FROM orders WHERE id = ?"


def a_run(**fields: Any) -> Any:
    return builders.a_run(**({"resolved": SCENARIO, "libraries": LIBRARIES} | fields))


def requests(
    statements: int = 1, time: float = 0.02, endpoint: str = "GET /orders", count: int = 400, seed: int = 1, **fields: Any
) -> list[builders.Request]:
    random = np.random.default_rng(seed)
    times = time * np.exp(random.normal(0, 0.1, count))
    return builders.many(
        count,
        endpoint=endpoint,
        wall_time=lambda i: float(times[i]),
        statements=lambda i: [builders.a_statement(QUERY, parameters=i)] * statements,
        **fields,
    )


def a_record(of: Sequence[builders.Request] | None = None, run: Any = None) -> OnRecord:
    return on_record.of(builders.evidence(requests() if of is None else of, run=run or a_run()))
