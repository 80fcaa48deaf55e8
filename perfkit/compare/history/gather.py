"""Everything that a history is made of: comparisons and runs of a folder, entries of a shared place, each of them once."""

from dataclasses import dataclass
from pathlib import Path

from perfkit.compare.history import reading, runs, sharing
from perfkit.compare.history.entry import Entry
from perfkit.compare.history.runs import RunTimes
from perfkit.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class Gathered:
    """`unread` says of each file that could not be read why."""

    entries: tuple[Entry, ...]
    runs: tuple[RunTimes, ...]
    unread: tuple[str, ...]


def gather(folder: Path | None, place: sharing.SharedPlace | None, repository: Path | None) -> Gathered:
    """What is in both places, added by somebody who has it here too, counts once."""
    found: dict[str, Entry] = {}
    run_times: list[RunTimes] = []
    unread: list[str] = []
    if place is not None:
        shared = sharing.read(place)
        found |= {entry.name: entry for entry in shared.entries}
        unread += shared.unread
    if folder is not None:
        for path in _folders(folder):
            try:
                if (path / reading.FILE).is_file():
                    entry = reading.with_parent(reading.read(path), repository)
                    found[entry.name] = entry
                elif (path / runs.FILE).is_file():
                    run_times.append(runs.read(path))
            except EvidenceError as error:
                unread.append(error.message)
    return Gathered(tuple(found.values()), tuple(sorted(run_times, key=lambda run: run.started_at)), tuple(unread))


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise EvidenceError(
            f"{folder} is not a folder",
            hint="Give the folder in which comparisons lie, reports for one, or --from branch:perf-data.",
        )
    # `latest` is a link to one of the others.
    return [folder, *sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())]
