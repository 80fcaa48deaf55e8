"""From comparison.json to an entry: what may be shared of it, and why one cannot stand in a history."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from perfkit.compare import contract, git
from perfkit.compare.conditions import Conditions
from perfkit.compare.history.entry import Count, Entry, Ratio
from perfkit.errors import EvidenceError

FILE: Final = "comparison.json"
# A step may ask another origin by its whole URL: the host is nobody's business but the team's.
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]*", re.IGNORECASE)
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError)


def read(folder: Path) -> Entry:
    """The entry of a comparison's directory; EvidenceError when it holds none, or none that is finished."""
    path = folder / FILE
    if not path.is_file():
        raise EvidenceError(
            f"{folder} is no comparison that came to its end: it has no {FILE}",
            hint="Give a folder that `perfkit compare` made: reports/<...>-compare-<...>.",
        )
    try:
        content: Mapping[str, Any] = json.loads(path.read_bytes())
        version = content["format"]
    except _DAMAGED as error:
        raise EvidenceError(f"{path} is damaged: {error}") from error
    if version != contract.FORMAT:
        raise EvidenceError(
            f"{path} is of format {version}; this perfkit reads format {contract.FORMAT}",
            hint="Read it with the perfkit that made it, or compare again.",
        )
    try:
        if content["comparison"]["base"]["kind"] == "run":
            raise EvidenceError(
                f"{path} is of two runs on record: made at different times, it is no ratio to stand among others",
                hint="The runs themselves are shown by `perfkit history`, apart.",
            )
        return _entry(content)
    except _DAMAGED as error:
        raise EvidenceError(f"{path} is damaged: {error!r}") from error


def with_parent(entry: Entry, repository: Path | None) -> Entry:
    """The same with its commit's first parent, where there is a repository that knows it."""
    if repository is None or not entry.commit:
        return entry
    parent = git.ask(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{entry.commit}~1") or ""
    return replace(entry, parent=parent)


def _entry(content: Mapping[str, Any]) -> Entry:
    about = content["comparison"]
    base, head, conditions = about["base"], about["head"], about.get("conditions") or {}
    known = {name: str(conditions.get(name, "")) for name in asdict(Conditions())}
    return Entry(
        started_at=str(about["started_at"]), scenario=str(about["scenario"]),
        commit=str(head["commit"]), parent="", dirty=bool(head["dirty"]), base=str(base["commit"]),
        base_label=str(base["label"]) if base["kind"] == "revision" else "",
        conditions=Conditions(**known), answer=str(content["answer"]), noise=str(content["noise"]),
        ratios=tuple(map(_ratio, content["tests"])),
        counts=tuple(
            Count(_nameless(one["endpoint"]), str(one["counter"]), float(one["base"]), float(one["head"]))
            for one in content["counters"]
            if _is_number(one["base"]) and _is_number(one["head"]) and one["counter"] != "status"
        ),
        is_counted=not any(str(why).startswith("counters:") for why in content["missing"]),
    )  # fmt: skip


def _ratio(one: Mapping[str, Any]) -> Ratio:
    low, high = one["interval"]
    return Ratio(
        _nameless(one["endpoint"]), str(one["metric"]), one["change"], (low, high), float(one["level"]), int(one["blocks"])
    )


def _nameless(endpoint: str) -> str:
    return _ORIGIN.sub("", str(endpoint))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
