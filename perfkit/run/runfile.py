"""run.json: written when a run begins, when a phase begins, and when it ends; read back with its version checked."""

import json
from dataclasses import asdict, replace
from typing import Any

from perfkit.errors import EvidenceError
from perfkit.evidence import FORMAT, Floor, GeneratorHealth, Halt, Interval, Missing, Placement, Run, RunDirectory


def write(directory: RunDirectory, run: Run) -> None:
    """Replaces run.json in one step, so that a reader never meets half of it."""
    fresh = directory.run_file.with_suffix(".tmp")
    text = json.dumps({"format": FORMAT, **asdict(run)}, indent=1, default=str)

    def replace_it() -> None:
        fresh.write_text(text)
        fresh.replace(directory.run_file)

    directory.write(replace_it)


def read(directory: RunDirectory) -> Run:
    """The Run of a directory; EvidenceError when it is none, is damaged, or is of another version."""
    path = directory.run_file
    if not path.exists():
        raise EvidenceError(
            f"{directory.path} is not a run directory: it has no run.json",
            hint="Give a folder that `perfkit run` made, reports/latest for one.",
        )
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        version = content.pop("format")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(f"{path} is damaged: {error}") from error
    if version != FORMAT:
        raise EvidenceError(
            f"{path} is of format {version}; this perfkit reads format {FORMAT}",
            hint="Analyze it with the perfkit that made it, or run the scenario again.",
        )
    try:
        return _run(content)
    except (TypeError, KeyError) as error:
        raise EvidenceError(f"{path} is damaged: {error}") from error


def _run(content: dict[str, Any]) -> Run:
    health, halt = content["generator"], content.get("halt")
    floor = content.pop("floor", None)
    raw = Run(**content)
    if floor is not None:
        raw = replace(raw, floor=Missing(**floor) if "why" in floor else Floor(**floor))
    return replace(
        raw,
        intervals=tuple(Interval(**interval) for interval in content["intervals"]),
        generator=GeneratorHealth.read(health) if health is not None else None,
        halt=Halt(**halt) if halt is not None else None,
        placement={party: _placement(written) for party, written in content.get("placement", {}).items()},
        serving=tuple(content["serving"]),
        hooks=tuple(content["hooks"]),
        caveats=tuple(content["caveats"]),
    )


def _placement(written: dict[str, Any]) -> Placement:
    cores = written["cores"]
    return Placement(Missing(**cores) if isinstance(cores, dict) else tuple(cores), tuple(written["asked"]))
