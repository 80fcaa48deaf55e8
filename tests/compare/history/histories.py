"""Histories of a known truth: commits compared with an anchor, as entries or as the directories that perfkit compare leaves."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from perfkit.compare.conditions import Conditions
from perfkit.compare.history.entry import Count, Entry, Ratio
from perfkit.compare.history.gather import Gathered
from perfkit.compare.history.history import Asked, History, judge

LEVEL = 0.01
Z = 2.5758293035489004  # of that level, two-sided
ENDPOINT = "GET /orders"
ANCHOR = "a" * 40
CONDITIONS = Conditions("5ce4a710", "3.12.4", "11b5a71e", "ac41e5e1")


def commit_name(number: int) -> str:
    return f"{number:07d}" + "c" * 33


def a_ratio(change: float = 0.0, error: float = 0.01, endpoint: str = ENDPOINT, metric: str = "server_time") -> Ratio:
    """`change` is a share; `error` the standard error of its logarithm."""
    middle = math.log1p(change)
    return Ratio(endpoint, metric, change, (math.expm1(middle - Z * error), math.expm1(middle + Z * error)), LEVEL, 40)


def an_entry(number: int = 1, *ratios: Ratio, **fields: Any) -> Entry:
    """Of the commit with that number, a day after the one before."""
    entry = Entry(
        started_at=f"2026-{1 + number // 28:02}-{1 + number % 28:02}T10:15:00+00:00", scenario="shop", commit=commit_name(number),
        parent="", dirty=False, base=ANCHOR, base_label="v1.4", conditions=CONDITIONS, answer="equivalent", noise="quiet",
        ratios=ratios or (a_ratio(),), counts=(), is_counted=True,
    )  # fmt: skip
    return replace(entry, **fields)


def a_count(base: float, head: float, counter: str = "statements", endpoint: str = ENDPOINT) -> Count:
    return Count(endpoint, counter, base, head)


def noisy(changes: Sequence[float], error: float = 0.01, endpoint: str = ENDPOINT, seed: int = 1) -> list[Ratio]:
    """True changes as they would be measured."""
    random = np.random.default_rng(seed)
    return [a_ratio(math.expm1(math.log1p(change) + random.normal(0, error)), error, endpoint) for change in changes]


def some_entries(changes: Sequence[float], first: int = 1, error: float = 0.01, seed: int = 1, **fields: Any) -> list[Entry]:
    return [an_entry(first + at, ratio, **fields) for at, ratio in enumerate(noisy(changes, error, seed=seed))]


def of(entries: Sequence[Entry], **asked: Any) -> History:
    """Without a repository: in the order of time."""
    question: dict[str, Any] = {
        "folder": None,
        "place": None,
        "repository": Path(),
        "margin": 0.03,
        "metric": "server_time",
        **asked,
    }
    return judge(Gathered(tuple(entries), (), ()), Asked(**question), None)


def a_report(folder: Path, entry: Entry, **details: str) -> Path:
    """The directory of a comparison with the keys of comparison.json that history reads, and others that it must not share."""
    folder.mkdir(parents=True)
    about = {
        "id": folder.name, "scenario": entry.scenario, "started_at": entry.started_at, "lasted": 60.0, "differences": [],
        "base": {"kind": "revision", "label": entry.base_label, "commit": entry.base, "dirty": False},
        "head": {"kind": "revision", "label": "HEAD", "commit": entry.commit, "dirty": entry.dirty},
        "cores": [0], "client_cores": [1], "conditions": asdict(entry.conditions),
    }  # fmt: skip
    missing = [] if entry.is_counted else ["counters: --tiers left it out"]
    content = {
        "format": 1, "comparison": about, "answer": entry.answer, "exit_code": 0, "noise": entry.noise, "missing": missing,
        "tests": [asdict(one) for one in entry.ratios], "counters": [asdict(one) | details for one in entry.counts],
    }  # fmt: skip
    (folder / "comparison.json").write_text(json.dumps(content))
    return folder
