"""Reads a run directory back as Evidence, finished or not."""

from pathlib import Path

from perfkit.errors import EvidenceError
from perfkit.evidence import Caveat, Evidence, Missing, RunDirectory
from perfkit.run import runfile, tables


def read(path: Path) -> Evidence:
    """Everything that the run at `path` left behind; a killed run is read up to its last second."""
    if not path.is_dir():
        raise EvidenceError(f"{path} is not a folder", hint="Give a folder that `perfkit run` made, reports/latest for one.")
    directory = RunDirectory(path.resolve())
    run = runfile.read(directory)
    caveats: tuple[Caveat, ...] = ()
    if tables.is_compact(directory):
        found = tables.load(directory)
    else:
        gathered = tables.gather(directory, run)
        found, caveats = gathered.tables, gathered.caveats
    samples = found["samples"]
    # Of a run that was killed before its load began there is nothing; one that has ended always leaves the table.
    if isinstance(samples, Missing) or (run.state != "running" and not _has_samples(directory)):
        raise EvidenceError(f"{path} holds no samples: samples.parquet is not there", hint="Run the scenario again.")
    return Evidence(
        run=run, samples=samples, **{name: found[name] for name in tables.OBSERVERS if name != "samples"}, caveats=caveats
    )


def _has_samples(directory: RunDirectory) -> bool:
    return directory.samples.exists() or directory.table("samples").exists()
