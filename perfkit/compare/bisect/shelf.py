"""Probes that were made before, by trees, scenario and environment: a search that ended early goes on where it was."""

import dataclasses
import hashlib
import importlib.metadata
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from perfkit.compare.bisect.probe import Probe, Timing
from perfkit.compare.change import Change
from perfkit.errors import ComparisonError
from perfkit.scenario.model import Scenario
from perfkit.target import machine

FORMAT: Final = 1
FOLDER: Final = "bisect-probes"


class Shelf:
    """The probes against one GOOD under one scenario on one machine: a file of lines, one added per probe."""

    def __init__(self, path: Path, probes: dict[str, list[Probe]]) -> None:
        self.path = path
        self._probes = probes

    @classmethod
    def open(cls, out: Path, good_tree: str, scenario: Scenario, cores: int, *, fresh: bool = False) -> Self:
        """`fresh` forgets what was found before."""
        path = out / FOLDER / f"{_key(good_tree, scenario, cores)}.jsonl"
        known: dict[str, list[Probe]] = defaultdict(list)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if fresh:
                path.unlink(missing_ok=True)
            for probe in _read(path):
                known[probe.tree].append(probe)
        except OSError as error:
            raise ComparisonError(f"{path} cannot be used: {error.strerror}", hint="Give another folder with --out.") from error
        return cls(path, known)

    def of(self, tree: str) -> tuple[Probe, ...]:
        return tuple(self._probes.get(tree, ()))

    def add(self, probe: Probe) -> None:
        """On disk at once: what took a minute is not lost to whatever comes next."""
        self._probes.setdefault(probe.tree, []).append(probe)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                # The line before may be half of one.
                file.write(f"\n{json.dumps({'format': FORMAT, **dataclasses.asdict(probe)})}\n")
        except OSError as error:
            raise ComparisonError(f"{self.path} cannot be written: {error.strerror}", hint="Make room there.") from error


def _read(path: Path) -> Iterator[Probe]:
    """What is damaged (the last line of a search that was killed) or of another format is measured again."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            yield _probe(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue


def _probe(written: dict[str, Any]) -> Probe:
    if written.pop("format") != FORMAT:
        raise ValueError("another format")
    changes, timings = written.pop("changes"), written.pop("timings")
    return Probe(
        changes=None if changes is None else tuple(Change(**one) for one in changes),
        timings=None if timings is None else tuple(Timing(**one) for one in timings),
        told=tuple(written.pop("told")),
        **written,
    )


def _key(good_tree: str, scenario: Scenario, cores: int) -> str:
    """Same key, same probe: what is measured, with what, on what."""
    known = {name: value for name, value in machine.fingerprint().items() if name != "noise"}
    libraries = sorted(f"{one.metadata['Name']} {one.version}" for one in importlib.metadata.distributions())
    copies = [(str(path), *_state(path)) for path in map(Path, scenario.compare.copy_paths)]
    content = (FORMAT, good_tree, scenario.model_dump_json(), known, libraries, copies, cores)
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:24]


def _state(path: Path) -> tuple[int, int]:
    found = path.stat() if path.exists() else None
    return (found.st_size, found.st_mtime_ns) if found else (0, 0)
