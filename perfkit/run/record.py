"""Makes a run directory: starts the target, drives the scenario at it phase by phase, and lets collectors watch."""

import errno
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from perfkit.collectors import stacks
from perfkit.collectors.base import Collector, Observation
from perfkit.collectors.catalogue import COLLECTORS
from perfkit.errors import PerfkitError, TargetError
from perfkit.evidence import Floor, Missing, Phase, Run, RunDirectory
from perfkit.load import calibrate, demand, driver
from perfkit.load.compile import divided, segments
from perfkit.load.driver import Drive
from perfkit.load.plan import outline
from perfkit.load.progress import Progress
from perfkit.load.share import Share
from perfkit.probe import records
from perfkit.run import endings, origin, placement, runfile
from perfkit.run.options import Options
from perfkit.run.session import Session
from perfkit.scenario import secrets
from perfkit.scenario.model import Scenario
from perfkit.scenario.resolved import resolved
from perfkit.target import control, identify, machine, pinning, start, surveys
from perfkit.target.target import Target
from perfkit.units import show_rate, show_time

# A quarter of what is measured, but long enough to sample and short enough to wait for (architecture: phases).
PROFILE_SHARE, PROFILE_LEAST, PROFILE_MOST = 0.25, 15.0, 60.0
# The probe hands over what it has four times a second.
PROBE_FLUSH: Final = 0.6
# What a disk says that takes no more: no fault of ours.
REFUSED: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished run directory, and what ended the run early."""

    directory: RunDirectory
    run: Run
    error: PerfkitError | None
    has_samples: bool = True


def run(scenario: Scenario, source: Path, options: Options) -> Recorded:
    """Runs a scenario; what goes wrong after the first request still leaves a directory that can be judged."""
    secrets.learn(scenario.model_dump_json(), os.environ)
    placement.require(scenario, source, pinning.available())
    home = origin.of(Path(scenario.target.launch.cwd) if scenario.target.launch and scenario.target.launch.cwd else source.parent)
    directory = origin.new_directory(options.out, scenario.name, home)
    at = described(scenario, directory, options, home)
    try:
        directory.keep_reserve()
        runfile.write(directory, at)
        origin.point_latest(options.out, directory)
    except OSError as error:
        raise endings.unwritable(directory, error) from error
    session = Session(scenario, directory, options, at)
    session.tell(f"run {at.id}")
    try:
        observe(session)
    except PerfkitError as error:
        session.end("died", error)
    except KeyboardInterrupt:
        session.end("interrupted", None)
        session.close()
        if session.has_samples:
            session.tell(f"stopped at once; what was recorded is judged by: perfkit analyze {directory.path}")
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSED:
            session.end("died", endings.unwritable(directory, error))
            session.close()
            return Recorded(directory, session.run, session.error, session.has_samples)
        # A fault of ours: what was recorded is kept, the fault goes on to whoever can tell it.
        session.end("died", PerfkitError(f"{type(error).__name__}: {error}"))
        session.close()
        raise
    session.close()
    return Recorded(directory, session.run, session.error, session.has_samples)


def described(scenario: Scenario, directory: RunDirectory, options: Options, home: origin.Origin) -> Run:
    """run.json as it is before anything has happened."""
    planned = segments(scenario, options.profile, profile_for(scenario, options))
    divided(planned, Share(0, options.force(scenario).size))  # refused before anything is started
    return Run(
        id=directory.path.name,
        scenario=scenario.name,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        state="running",
        commit=home.commit,
        parent=home.parent,
        dirty=home.dirty,
        load=options.profile,
        resolved=resolved(scenario),
        machine=machine.fingerprint(),
        intervals=(),
        serving=(),
        observers={},
        hooks=(),
        generator=None,
        plan=outline(planned),
        epoch=time.monotonic(),
    )


def profile_for(scenario: Scenario, options: Options) -> float:
    """Seconds of the profile phase; 0 when the run is not to be profiled, or when the guard leaves no time for it."""
    if not options.profiling:
        return 0.0
    stages = scenario.load[options.profile]
    left = max(scenario.guard.max_duration - sum(stage.duration or 0.0 for stage in stages), 0.0)
    if scenario.profiling.duration is not None:
        return min(scenario.profiling.duration, left)
    measured = sum(stage.duration or 0.0 for stage in stages if not stage.warmup)
    return min(max(measured * PROFILE_SHARE, PROFILE_LEAST), PROFILE_MOST, left)


def observe(session: Session) -> None:
    """The run itself, from cores that a pinned target does not use."""
    with pinning.client_on(placement.own(session.scenario, pinning.available())):
        calibrate_first(session)
        drive_and_watch(session)
    note_required(session)


def drive_and_watch(session: Session) -> None:
    """The target up, the load on, the collectors looking, phase by phase."""
    scenario, directory = session.scenario, session.directory
    session.tell("starting the target" if scenario.target.launch else f"attaching to {scenario.target.base_url}")
    with start.running(scenario.target, directory, os.environ) as target:
        visit(session, target)


def visit(session: Session, target: Target) -> None:
    """The load on a target that is up, and the collectors looking; raises what keeps the generator from it."""
    scenario, directory = session.scenario, session.directory
    control.set_plans(target, wanted=scenario.profiling.queries.plans)
    session.update(serving=serving(target), libraries=libraries(target), epoch=time.monotonic())
    with driver.driving(
        scenario,
        session.options.profile,
        directory,
        session.run.id,
        profile_for(scenario, session.options),
        session.run.epoch,
        session.options.force(scenario),
        session.tell,
        web=session.options.web,
    ) as drive:
        if drive.web:
            session.tell(f"web UI: {drive.web} (as long as the load lasts)")
        try:
            play(session, target, drive)
        finally:
            # Of a load that broke off, too: the phases that it had are what its samples are judged by.
            session.update(intervals=tuple(drive.intervals), generator=drive.health)
            session.note_end(drive)
    force = session.options.force(scenario)
    doubts = placement.doubts(session.run.placement, force.processes, force.joining)
    session.update(caveats=(*session.run.caveats, *doubts))
    if session.error is None and not start.alive(target):
        session.end("died", endings.death(directory))
    if target.launched:
        time.sleep(PROBE_FLUSH)


def calibrate_first(session: Session) -> None:
    """While the machine is quiet; a load that is more than the generator can do is refused before anything is sent."""
    if not session.options.calibrating:
        session.update(floor=Missing("it was not to be calibrated: --no-calibrate"))
        return
    session.tell("calibrating the generator")
    # Machines elsewhere are taken to be like this one: nobody asks them before they are needed.
    processes = session.options.force(session.scenario).size
    floor = calibrate.floor(session.scenario, session.options.profile, processes)
    session.update(floor=floor)
    if isinstance(floor, Floor):
        session.tell(f"it can send requests at {show_rate(floor.rate)} at most, {show_time(floor.cpu_per_request)} of CPU each")
    demand.refuse_more_than(floor)


def play(session: Session, target: Target, drive: Drive) -> None:
    """Lets the drive go from phase to phase, with the mode of the probe and the collectors that each of them has."""
    phases = drive.phases(watching(session, target, drive))
    with ExitStack() as watchers:
        while (phase := following(phases, session, drive)) is not None:
            watchers.close()
            session.tell(phase)
            control.set_mode(target, records.PROFILE if phase == "profile" else records.MEASURE)
            session.update(
                intervals=tuple(drive.intervals),
                serving=serving(target) or session.run.serving,
                placement=placement.of(session.scenario, target, drive.pids, os.getpid()),
            )
            watchers.enter_context(observing(COLLECTORS, session, target, phase, drive.pid))


def following(phases: Iterator[Phase], session: Session, drive: Drive) -> Phase | None:
    """The next phase, once the present one has ended; an interrupt lets what is in flight finish, a second one stops at once."""
    try:
        return next(phases, None)
    except KeyboardInterrupt:
        session.end("interrupted", None)
        session.tell("interrupted: waiting for requests in flight; interrupt again to stop at once")
        drive.interrupt()
        return None


@contextmanager
def observing(
    collectors: tuple[Collector, ...], session: Session, target: Target, phase: Phase, generator: int
) -> Generator[None]:
    """All collectors of a phase at work."""
    observation = Observation(target, session.directory, phase, session.scenario.profiling, session.run.epoch, generator)
    with ExitStack() as stack:
        for collector in collectors:
            if phase in collector.PHASES:
                stack.enter_context(collector.observe(observation))
        yield


def watching(session: Session, target: Target, drive: Drive) -> Callable[[Progress], None]:
    """What happens four times a second: show progress, and notice that the target has died."""

    def tick(progress: Progress) -> None:
        if session.options.on_progress:
            session.options.on_progress(progress)
        session.note_end(drive)
        if session.error is None and not start.alive(target):
            session.end("died", endings.death(session.directory))
            drive.interrupt()

    return tick


def serving(target: Target) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {"pid": worker.pid, "ppid": worker.ppid, "server": worker.server, "python": worker.python}
        for worker in identify.serving(target)
    )


def libraries(target: Target) -> dict[str, str]:
    """Distributions and their versions: another library is another target."""
    found = surveys.of(target, os.environ).values()
    return {name: version for has in found for name, version in sorted(has.libraries.items())}


def note_required(session: Session) -> None:
    """An observer that the scenario requires and that could not observe ends the run as an error of the target."""
    for observer, status in session.directory.notes().items():
        if status.startswith(stacks.REQUIRED) and session.error is None:
            why = status.removeprefix(stacks.REQUIRED)
            problem = f"{observer} is required by the scenario and is missing: {why}"
            session.end("died", TargetError(problem, hint="Mend that, or take `required: true` out of the scenario."))
