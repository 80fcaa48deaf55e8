"""Absolute figures of run directories: times of the machine's day, shown apart from ratios and never mixed with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from perfkit.analyze import contract
from perfkit.errors import EvidenceError

FILE: Final = "findings.json"


@dataclass(frozen=True, slots=True)
class RunTimes:
    """A run that was judged: per endpoint the median of server time, or of service time where the probe saw nothing."""

    id: str
    scenario: str
    started_at: str
    commit: str
    dirty: bool
    validity: str
    medians: Mapping[str, float]  # seconds


def read(folder: Path) -> RunTimes:
    """EvidenceError when it cannot be read."""
    path = folder / FILE
    try:
        content: Mapping[str, Any] = json.loads(path.read_bytes())
        if content["format"] != contract.FORMAT:
            raise EvidenceError(f"{path} is of format {content['format']}; this perfkit reads format {contract.FORMAT}")
        run = content["run"]
        medians = {str(one["endpoint"]): _median(one) for one in content["endpoints"]}
        return RunTimes(
            str(run["id"]), str(run["scenario"]), str(run["started_at"]), str(run["commit"]), bool(run["dirty"]),
            str(content["validity"]["state"]), {name: median for name, median in medians.items() if median is not None},
        )  # fmt: skip
    except OSError as error:
        raise EvidenceError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(f"{path} is damaged: {error!r}") from error


def _median(one: Mapping[str, Any]) -> float | None:
    seen = one["server_time"]["p50"]
    return float(seen) if seen is not None else (None if (own := one["service_time"]["p50"]) is None else float(own))
