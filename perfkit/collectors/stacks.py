"""Which code is on the processors: one py-spy per serving process, in the profile phase only."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from perfkit.collectors import probe_processes, py_spy, stack_files
from perfkit.collectors.absent import NOT_LAUNCHED, absent
from perfkit.collectors.base import Observation
from perfkit.errors import TargetError
from perfkit.evidence import Missing, Phase, RunDirectory
from perfkit.scenario.model import Stacks
from perfkit.target import identify

NAME: Final = "stacks"
PHASES: Final[frozenset[Phase]] = frozenset({"profile"})
REQUIRED: Final = "required: "  # opens a note that must end the run


def observe(observation: Observation, /) -> AbstractContextManager[None]:
    options = observation.profiling.stacks
    if options is False:
        return absent(observation.directory, NAME, "switched off by profiling.stacks: false")
    mark = REQUIRED if options.required else ""
    if not observation.target.launched:
        return absent(observation.directory, NAME, mark + NOT_LAUNCHED)
    workers = identify.serving(observation.target)
    unfit = py_spy.unfit()
    if unfit or not workers:
        return absent(observation.directory, NAME, mark + (unfit or "no process of the target reported that it serves"))
    return _recording(observation, options, [worker.pid for worker in workers])


@contextmanager
def _recording(observation: Observation, options: Stacks, pids: Sequence[int]) -> Generator[None]:
    directory = observation.directory
    recordings: list[py_spy.Recording] = []
    whys: dict[int, str] = {}
    for pid in pids:
        try:
            recordings.append(py_spy.start(pid, directory.stacks, options.rate, native=options.native))
        except TargetError as error:
            whys[pid] = error.message
    for recording in recordings:
        recording.await_sampling()
    try:
        yield
    finally:
        for recording in recordings:
            recording.ask_to_stop()
        outcomes = {recording.pid: recording.finish() for recording in recordings}
        whys |= {pid: outcome.failure for pid, outcome in outcomes.items() if outcome.failure}
        doubts = {pid: outcome.doubt for pid, outcome in outcomes.items() if outcome.doubt}
        late = {worker.pid for worker in identify.serving(observation.target)} - set(pids)
        doubts |= dict.fromkeys(late, "it began to serve after the recorders had started, and was not profiled")
        _note(directory, options, pids, whys, doubts)
        _write_speedscope(directory)


def _note(directory: RunDirectory, options: Stacks, pids: Sequence[int], whys: dict[int, str], doubts: dict[int, str]) -> None:
    """One note for the whole, and one per process that differs from it."""
    mark = REQUIRED if options.required else ""
    missing = len(whys) == len(pids)
    directory.note(NAME, mark + next(iter(whys.values())) if missing else "ok")
    for pid, why in {**whys, **doubts}.items():
        directory.note(f"{NAME} of pid {pid}", why if missing or not options.required or pid in doubts else mark + why)


def _write_speedscope(directory: RunDirectory) -> None:
    labels = probe_processes.labels(probe_processes.read(directory.probe))
    profile = stack_files.read(directory, labels)
    if not isinstance(profile, Missing):
        stack_files.write_speedscope(profile, directory.stacks)
