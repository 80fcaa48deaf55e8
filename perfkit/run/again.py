"""One more run on a target that is up already, in a folder of its own: what searches for a limit are made of."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from perfkit.errors import PerfkitError
from perfkit.evidence import Floor, Missing, RunDirectory
from perfkit.run import origin, placement, record
from perfkit.run.options import Options
from perfkit.run.record import Recorded
from perfkit.run.session import Session
from perfkit.scenario import secrets
from perfkit.scenario.model import Scenario
from perfkit.target import handover, pinning, start
from perfkit.target.target import Target

LOG: Final = "target.log"


@contextmanager
def running(scenario: Scenario, home: RunDirectory) -> Generator[Target]:
    """The target, for several runs; its log and the probe's files are in `home`."""
    secrets.learn(scenario.model_dump_json(), os.environ)
    home.path.mkdir(parents=True, exist_ok=True)
    with start.running(scenario.target, home, os.environ) as target:
        yield target


def run(scenario: Scenario, target: Target, home: RunDirectory, path: Path, options: Options, floor: Floor | Missing) -> Recorded:
    """A run directory at `path`, as `perfkit run` leaves one; it is not calibrated anew.

    What ends it early is in `Recorded.error`; an interrupt drains, and then `Recorded.run.state` says so.
    """
    path.mkdir(parents=True)
    directory = RunDirectory(path)
    _share_log(home, path)
    source = Path(scenario.target.launch.cwd) if scenario.target.launch and scenario.target.launch.cwd else Path.cwd()
    session = Session(scenario, directory, options, record.described(scenario, directory, options, origin.of(source)))
    session.update(floor=floor)
    since = None if target.probe_directory is None else handover.mark(target.probe_directory)
    try:
        with pinning.client_on(placement.own(scenario, pinning.available())):
            record.visit(session, target)
    except PerfkitError as error:
        session.end("died", error)
    except KeyboardInterrupt:
        session.end("interrupted", None)
        raise
    finally:
        if since is not None and target.probe_directory is not None:
            handover.take(target.probe_directory, since, directory.probe)
        session.close()
    return Recorded(directory, session.run, session.error, session.has_samples)


def _share_log(home: RunDirectory, path: Path) -> None:
    if home.target_log.exists():
        (path / LOG).symlink_to(os.path.relpath(home.target_log, path))
