"""Puts the probe on the target's PYTHONPATH: a private directory with one package and a sitecustomize.py."""

import os
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from perfkit.probe import records

PACKAGE: Final = "perfkit_probe"  # must not be `perfkit`: the target may have that installed
PTRACER: Final = "PERFKIT_PTRACER"  # pid that the probe permits to look into its process
STARTER: Final = "sitecustomize.py"
SOURCE: Final = Path(records.__file__).parent


@contextmanager
def staged(within: Path | None = None) -> Generator[Path]:
    """A directory for the front of PYTHONPATH; it is gone when the context ends."""
    with tempfile.TemporaryDirectory(prefix="perfkit-stage-", dir=within, ignore_cleanup_errors=True) as name:
        stage = Path(name)
        # A worker that gave up root (gunicorn --user) still has to read the probe.
        stage.chmod(0o755)
        copy_probe(stage)
        yield stage


def copy_probe(stage: Path) -> None:
    """Copies the annex and lifts its sitecustomize.py to where the interpreter looks for it."""
    package = stage / PACKAGE
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", STARTER))
    starter = SOURCE / STARTER
    if starter.exists():
        shutil.copyfile(starter, stage / STARTER)


def environment(stage: Path, probe_directory: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """What the target's process sees: the inherited environment with the probe in front."""
    path = os.pathsep.join(filter(None, (str(stage), inherited.get("PYTHONPATH"))))
    return {**inherited, "PYTHONPATH": path, records.ENVIRONMENT: str(probe_directory), PTRACER: str(os.getpid())}
