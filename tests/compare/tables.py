"""Tables as a comparison leaves them, drawn from a machine that is known: noise per block, a bias per start, a true change."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Endpoint:
    """`change` befalls every request, `sleep` one in twenty of head's."""

    name: str = "GET /orders"
    time: float = 0.0013
    change: float = 0.0
    sleep: float = 0.0
    base_status: int = 200
    head_status: int = 200
    head_fails: float = 0.0


def some_pairs(
    *endpoints: Endpoint, blocks: int = 80, per_block: int = 40, restarts: int = 4, noise: float = 0.01, bias: float = 0.002,
    seed: int = 1, traced: bool = True, second: float = 0.1,
) -> pl.DataFrame:  # fmt: skip
    """`second` is by how much the second of two identical requests is faster."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for endpoint in endpoints or (Endpoint(),):
        biases = random.normal(0, bias, restarts)
        for block in range(blocks):
            restart = block * restarts // blocks
            speed = np.exp(random.normal(0, 0.1))
            ratio = np.log1p(endpoint.change) + biases[restart] + random.normal(0, noise)
            rows += [
                a_pair(endpoint, block, restart, bool(number % 2), speed, ratio, random, second, traced=traced)
                for number in range(per_block)
            ]
    return pl.DataFrame(rows, infer_schema_length=None)


def a_pair(
    endpoint: Endpoint, block: int, restart: int, head_first: bool, speed: float, ratio: float,
    random: np.random.Generator, second: float, *, traced: bool,
) -> dict[str, Any]:  # fmt: skip
    own = endpoint.time * speed * np.exp(random.normal(0, 0.3))
    base = own * np.exp(random.normal(0, 0.05)) * (1 - second if head_first else 1)
    head = own * np.exp(ratio + random.normal(0, 0.05)) * (1 if head_first else 1 - second)
    head += endpoint.sleep if random.random() < 0.05 else 0.0
    failed = random.random() < endpoint.head_fails
    return {
        "block": block, "restart": restart, "endpoint": endpoint.name, "flow": "f", "step": "f[1]", "head_first": head_first,
        "base_time": base + 0.0004, "head_time": head + 0.0004,
        "base_status": endpoint.base_status, "head_status": 500 if failed else endpoint.head_status,
        "base_bytes": 812, "head_bytes": 812,
        "base_error": "status" if endpoint.base_status >= 400 else None,
        "head_error": "status" if failed or endpoint.head_status >= 400 else None,
        "base_server": base if traced else None, "head_server": head if traced else None,
    }  # fmt: skip


def some_bursts(
    change: float = 0.0, endpoint: str = "GET /orders", sizes: tuple[int, ...] = (2, 8), blocks: int = 30, per_block: int = 8,
    noise: float = 0.02, seed: int = 2,
) -> pl.DataFrame:  # fmt: skip
    random = np.random.default_rng(seed)
    rows = []
    for size in sizes:
        for block in range(blocks):
            ratio = np.exp(np.log1p(change) + random.normal(0, noise))
            for number in range(per_block):
                last = 0.001 * size * np.exp(random.normal(0, 0.1))
                rows.append(
                    {
                        "block": block, "restart": block * 2 // blocks, "size": size, "endpoint": endpoint,
                        "head_first": bool(number % 2), "base_median": last / 2, "head_median": last / 2 * ratio,
                        "base_last": last, "head_last": last * ratio,
                    }
                )  # fmt: skip
    return pl.DataFrame(rows)
