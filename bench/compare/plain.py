"""What people do today: two plain runs of the scenario, the base and then the head, and three usual ways to judge them."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import yaml
from scipy.stats import mannwhitneyu

from bench import command
from bench.compare.registered import Item
from perfkit.stats.quantiles import of_unordered

# Medians of two Locust runs; Mann-Whitney on all requests of both; k6's threshold of p(95) < base * 1.1.
MEDIANS, MANN_WHITNEY, K6 = METHODS = ("medians, 5 %", "Mann-Whitney, 1 %", "p95 < base × 1.1")
MOST_MEDIAN: Final = 1.05
LEVEL: Final = 0.01
MOST_P95: Final = 1.1
OPTIONS: Final = ("--no-calibrate",)


@dataclass(frozen=True, slots=True)
class Version:
    """The text of a scenario, and the folder that its target is started in."""

    scenario: str
    folder: Path

    def described(self, seed: int, **changes: Any) -> Mapping[str, Any]:
        """`changes` are of target.launch, beside its folder."""
        said = yaml.safe_load(self.scenario)
        said["target"]["launch"] |= {"cwd": str(self.folder), **changes}
        return {**said, "seed": seed}


def laid_out(folder: Path, scenario: str, files: Mapping[str, str]) -> Version:
    """A version outside git."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return Version(scenario, folder)


def some_of(items: Sequence[Item], every: int) -> list[int]:
    """Numbers of the runs that have plain ones beside them: of each kind the first, and each so many later."""
    found: list[int] = []
    seen: Counter[str] = Counter()
    for item in items:
        if seen[item.kind] % every == 0:
            found.append(item.number)
        seen[item.kind] += 1
    return found


def recorded(base: Version, head: Version, seed: int) -> list[dict[str, Any]]:
    """Per endpoint by how much the second run differs from the first; empty when one of them could not be made."""
    try:
        samples = [_samples(version.described(seed)) for version in (base, head)]
    except SystemExit as refused:
        print(f"no plain runs: {str(refused)[-200:]}", flush=True)
        return []
    return [
        of_endpoint(str(name), *(_times(one, str(name)) for one in samples)) for name in samples[0]["endpoint"].unique().sort()
    ]


def of_endpoint(
    name: str, base: np.ndarray[Any, np.dtype[np.float64]], head: np.ndarray[Any, np.dtype[np.float64]]
) -> dict[str, Any]:
    """Ratios of the median and of p95, and Mann and Whitney's two-sided p with the side that is slower."""
    (median_base, p95_base), (median_head, p95_head) = (of_unordered(times, (0.5, 0.95)) for times in (base, head))
    statistic, p = mannwhitneyu(head, base, alternative="two-sided")
    return {
        "endpoint": name, "requests": len(base),
        "median": round(median_head / median_base, 4), "p95": round(p95_head / p95_base, 4),
        "p": float(f"{p:.3g}"), "slower": bool(statistic > len(base) * len(head) / 2),
    }  # fmt: skip


def flags(method: str, one: Mapping[str, Any]) -> bool:
    """Whether a pipeline that judges so would fail at this endpoint."""
    if method == MEDIANS:
        return bool(one["median"] > MOST_MEDIAN)
    if method == MANN_WHITNEY:
        return bool(one["p"] < LEVEL and one["slower"])
    return bool(one["p95"] > MOST_P95)


def _samples(scenario: Mapping[str, Any]) -> pl.DataFrame:
    with tempfile.TemporaryDirectory(prefix="bench-plain-") as folder:
        samples = command.run(Path(folder), scenario, *OPTIONS).samples
    error = pl.col("error").cast(pl.String).fill_null("")
    return samples.filter((pl.col("phase").cast(pl.String) == "measure") & (error == "")).with_columns(
        pl.col("endpoint").cast(pl.String)
    )


def _times(samples: pl.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """From the sending, as Locust and k6 count."""
    own = samples.filter(pl.col("endpoint") == name)
    return (own["finished_at"] - own["sent_at"]).to_numpy()
