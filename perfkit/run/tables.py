"""The tables of a run directory: gathered from raw files while they are all there is, from parquet once compacted."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from perfkit.collectors import accept_queue, call_trees, host, memory, probe_files, processes, stack_files, stacks
from perfkit.errors import EvidenceError
from perfkit.evidence import Caveat, Missing, Run, RunDirectory, Table
from perfkit.load import recorder, seconds
from perfkit.run import places
from perfkit.schemas import SAMPLES

Tables = dict[str, Table]

# Whose note explains the absence of a table.
OBSERVERS: Final[Mapping[str, str]] = {
    "samples": "load",
    "responses": "load",
    "generator": "load",
    "counts": "load",
    "traces": "traces",
    "statements": "traces",
    "shapes": "traces",
    "waits": "traces",
    "plans": "traces",
    "blockers": "traces",
    "stacks": "stacks",
    "call_trees": "call_trees",
    "memory": "memory",
    "host": "host",
    "processes": "processes",
    "accept_queue": "accept_queue",
    "gauges": "traces",
}
SOUND: Final = "ok"
LATER_COLUMNS: Final = ("tls_time",)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Every table, what is doubtful about them, and what the probe said of its hooks and of the processes it served in."""

    tables: Tables
    caveats: tuple[Caveat, ...]
    hooks: tuple[Mapping[str, Any], ...]
    servers: tuple[Mapping[str, Any], ...]
    cost: Mapping[str, float]


def gather(directory: RunDirectory, run: Run) -> Gathered:
    """Everything from the raw files."""
    samples, responses = recorder.read(directory, run.epoch)
    probe = probe_files.read(directory, run.epoch, run.intervals)
    tables: Tables = {
        "samples": samples,
        "responses": responses,
        "generator": seconds.read(directory, run.epoch),
        "counts": seconds.read_counts(directory),
        "traces": probe.traces,
        "statements": probe.statements,
        "shapes": probe.shapes,
        "waits": probe.waits,
        "plans": probe.plans,
        "blockers": places.relative(probe.blockers, run),
        "stacks": places.relative(stack_files.read(directory, probe.labels), run),
        "call_trees": places.relative(call_trees.read(directory), run),
        "memory": memory.read(directory),
        "host": host.read(directory),
        "processes": processes.read(directory),
        "accept_queue": accept_queue.read(directory),
        "gauges": probe.gauges,
    }
    notes = directory.notes()
    tables = {name: explained(name, table, notes) for name, table in tables.items()}
    return Gathered(tables, probe.caveats, tuple(probe.hooks), tuple(probe.servers), probe.cost)


def explained(name: str, table: Table, notes: Mapping[str, str]) -> Table:
    """A table without a row becomes Missing in the words of its observer, if that has any; a sound observer's stays empty."""
    if name == "samples" or not (isinstance(table, Missing) or table.is_empty()):
        return table
    why = notes.get(OBSERVERS[name], SOUND)
    return table if why == SOUND else Missing(why.removeprefix(stacks.REQUIRED))


def compact(directory: RunDirectory, run: Run) -> Gathered:
    """Writes every table as parquet; only then are the raw files of the generator and of the probe removed."""
    gathered = gather(directory, run)
    try:
        for name, table in gathered.tables.items():
            if isinstance(table, Missing):
                directory.note(f"table:{name}", table.why)
            else:
                table.write_parquet(directory.table(name), compression="zstd")
    except (OSError, pl.exceptions.PolarsError) as error:
        # A full disk: half of the tables would only take room from what was recorded, which is read as well without them.
        for name in gathered.tables:
            directory.table(name).unlink(missing_ok=True)
        raise EvidenceError(
            f"the tables of {directory.path} cannot be written: {error}",
            hint="Make room there: `perfkit analyze` reads what was recorded.",
        ) from error
    for folder in (directory.samples, directory.probe):
        if folder.exists():
            # Out of the way in one step: a run that is killed now must not be read from half of its raw files.
            shutil.rmtree(folder.rename(folder.with_suffix(".compacted")), ignore_errors=True)
    return gathered


def is_compact(directory: RunDirectory) -> bool:
    return directory.table("samples").exists() and not directory.samples.exists()


def with_later_columns(samples: pl.DataFrame) -> pl.DataFrame:
    """A run from before a column was thought of has nulls there: it was not measured, which is not the same as nothing."""
    missing = [pl.lit(None, dtype=SAMPLES[name]).alias(name) for name in LATER_COLUMNS if name not in samples.columns]
    return samples.with_columns(missing).select(*SAMPLES) if missing else samples


def load(directory: RunDirectory) -> Tables:
    """The tables of a compacted run."""
    notes = directory.notes()

    def table(name: str) -> Table:
        path = directory.table(name)
        if not path.exists():
            return Missing(notes.get(f"table:{name}", f"{path.name} is not in the run directory"))
        try:
            found = pl.read_parquet(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise EvidenceError(f"{path} cannot be read: {error}", hint="Run the scenario again.") from error
        return with_later_columns(found) if name == "samples" else found

    return {name: table(name) for name in OBSERVERS}
