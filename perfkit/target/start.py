"""Starts the target with the probe inside, waits until it answers, and leaves nothing of it behind."""

import os
import random
import shutil
import sys
from collections.abc import Collection, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final, Self

from perfkit.errors import TargetError
from perfkit.evidence import RunDirectory
from perfkit.scenario import templates
from perfkit.scenario.context import Context
from perfkit.scenario.model import Launch, TargetSpec
from perfkit.target import control, identify, log, pinning, port, ready, stage
from perfkit.target.process import Supervised, show_exit
from perfkit.target.target import Target

# Under valgrind a start takes some ten times as long, on a machine that does other things besides.
PATIENCE: Final = 20


@contextmanager
def running(spec: TargetSpec, directory: RunDirectory, environment: Mapping[str, str]) -> Generator[Target]:
    """A target that answers: launched and stopped by us, or already there when the scenario has no `launch`."""
    if spec.launch is None:
        yield attached(spec)
        return
    with (
        prepared(spec.base_url, spec.launch, directory, environment, cores=spec.cores) as launcher,
        launcher.up() as target,
    ):
        yield target


def attached(spec: TargetSpec) -> Target:
    """A target that somebody else started."""
    port.require_listening(spec.base_url)
    return Target(spec.base_url, launched=False, root_pid=None, probe_directory=None, python=None)


@contextmanager
def prepared(
    base_url: str,
    launch: Launch,
    directory: RunDirectory,
    environment: Mapping[str, str],
    stages: Path | None = None,
    cores: Collection[int] | None = None,
) -> Generator["Launcher"]:
    """Runs the `before` commands, once; the target's log is masked when everything has ended.

    `stages` is the folder for the staged probe; without one it is the system's own for what is temporary. On `cores` runs
    everything that is started here, with all that it starts itself: the database of a `before` is part of the target.
    """
    port.require_free(base_url)
    own = resolved(launch.env, environment, "env")
    launch = spoken(launch, environment)
    inherited = with_our_programs(environment)
    with ExitStack() as stack:
        stack.callback(log.mask, directory.target_log)
        output = stack.enter_context(directory.target_log.open("ab", buffering=0))
        with pinning.inherited(cores):
            prepare(launch, {**inherited, **own}, output, directory, stack)
        yield Launcher(base_url, launch, directory, inherited, own, output, stages, cores)


@dataclass(frozen=True, slots=True)
class Launcher:
    """A target on data of its own, which may be started again and again."""

    base_url: str
    spec: Launch
    directory: RunDirectory
    inherited: Mapping[str, str]
    own: Mapping[str, str]  # of the scenario; stronger than everything else
    output: IO[bytes]
    stages: Path | None
    cores: Collection[int] | None = None  # None: wherever perfkit itself may run

    def at(self, base_url: str, launch: Launch, environment: Mapping[str, str]) -> Self:
        """The same on the same data at another address; `before` is over and does not run again."""
        own = resolved(launch.env, environment, "env")
        return replace(self, base_url=base_url, spec=spoken(launch, environment), own=own)

    @contextmanager
    def up(self, variables: Mapping[str, str] | None = None, workers: int = 0) -> Generator[Target]:
        """New processes at the same address, with these variables besides; nothing is left of them when the context ends.

        How many of them serve, if it is known from an earlier start, need not be waited for to settle.
        """
        directory = self.directory
        port.require_free(self.base_url)
        with ExitStack() as stack:
            environment = {**self.inherited, **(variables or {}), **self.own}
            with pinning.inherited(self.cores):
                supervised = launch(self.spec, environment, self.output, directory, stack, self.stages)
            ready.await_answer(self.base_url, self.spec.ready, supervised, directory.target_log)
            target = Target(
                self.base_url, launched=True, root_pid=supervised.root_pid, probe_directory=directory.probe, python=None,
                supervisor_pid=supervised.pid,
            )  # fmt: skip
            ready.await_workers(target, workers)
            versions = identify.pythons(directory.probe)
            yield replace(target, python=versions[0] if versions else None)

    @contextmanager
    def behind(self, prefix: tuple[str, ...], variables: Mapping[str, str]) -> Generator[Supervised]:
        """The command behind another program (valgrind), which gives it PATIENCE times as long to come up; without the probe."""
        port.require_free(self.base_url)
        environment = {**self.inherited, **variables, **self.own}
        supervised = start(self.spec, (*prefix, *self.spec.command), environment, self.output)
        try:
            patient = self.spec.ready.model_copy(update={"timeout": PATIENCE * self.spec.ready.timeout})
            ready.await_answer(self.base_url, patient, supervised, self.directory.target_log)
            yield supervised
        finally:
            supervised.stop()


def alive(target: Target) -> bool:
    """Something of the launched command still runs; always true when attached, where asking would be load."""
    return not target.launched or bool(identify.descendants(target))


def last_words(directory: RunDirectory) -> str:
    """The end of the target's log."""
    return log.tail(directory.target_log)


def spoken(spec: Launch, environment: Mapping[str, str]) -> Launch:
    """The commands with ${env.X} and ${secret.X} filled in."""

    def words(command: tuple[str, ...], key: str) -> tuple[str, ...]:
        return tuple(resolved({str(place): word for place, word in enumerate(command)}, environment, key).values())

    before = tuple(words(command, "before") for command in spec.before)
    return spec.model_copy(update={"command": words(spec.command, "command"), "before": before})


def resolved(variables: Mapping[str, str], environment: Mapping[str, str], key: str) -> dict[str, str]:
    """The texts of target.launch.<key> with ${env.X} and ${secret.X} filled in."""
    # Nothing random may stand in an environment: the same run must start the same target.
    context = Context(random=random.Random(0), environment=environment)
    try:
        return {name: templates.compile(text).render_text(context) for name, text in variables.items()}
    except templates.UndefinedName as error:
        raise TargetError(f"target.launch.{key}: {error}", hint="Export the variable, then run again.") from error


def with_our_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which `gunicorn` and `python` are those of perfkit's own interpreter, activated or not.

    An activated environment of the user's own comes first: that choice was made on purpose.
    """
    ours = str(Path(sys.executable).parent)
    path = environment.get("PATH", os.defpath)
    activated = environment.get("VIRTUAL_ENV", "")
    parts = (path, ours) if activated and Path(activated) != Path(sys.prefix) else (ours, path)
    return {**environment, "PATH": os.pathsep.join(parts)}


def prepare(spec: Launch, environment: Mapping[str, str], output: IO[bytes], directory: RunDirectory, stack: ExitStack) -> None:
    """Runs the `before` commands; a daemon that one of them leaves (a database) lives until the target has stopped."""
    for command in spec.before:
        supervised = start(spec, command, environment, output)
        stack.callback(supervised.stop)
        code = supervised.wait()
        if code != 0:
            shown = " ".join(command)
            raise TargetError(
                f"the command before the target failed: `{shown}` ended with {show_exit(code)}{log.quote(directory.target_log)}",
                hint="Run it by hand in target.launch.cwd, or correct target.launch.before.",
            )


def launch(
    spec: Launch,
    environment: Mapping[str, str],
    output: IO[bytes],
    directory: RunDirectory,
    stack: ExitStack,
    stages: Path | None = None,
) -> Supervised:
    """Starts the command with the probe on its path."""
    directory.probe.mkdir(parents=True, exist_ok=True)
    control.create(directory.probe, os.getpid())
    staged = stack.enter_context(stage.staged(stages))
    supervised = start(spec, spec.command, stage.environment(staged, directory.probe.resolve(), environment), output)
    stack.callback(supervised.stop)
    return supervised


def start(spec: Launch, command: tuple[str, ...], environment: Mapping[str, str], output: IO[bytes]) -> Supervised:
    """Looks the program up in the target's own PATH, not in perfkit's."""
    if spec.cwd is not None and not Path(spec.cwd).is_dir():
        raise TargetError(
            f"there is no directory {spec.cwd}", hint="Correct target.launch.cwd: it is relative to the scenario file."
        )
    line = (program(command[0], environment["PATH"]), *command[1:])
    return Supervised.start(line, environment, output, stop=spec.stop.signal, grace=spec.stop.grace, cwd=spec.cwd)


def program(name: str, path: str) -> str:
    """Where a program lies that is named without its folder; one with a `/` is left as it is."""
    if "/" in name:
        return name
    found = shutil.which(name, path=path)
    if found is None:
        raise TargetError(
            f"there is no program `{name}` in the PATH",
            hint="Install it in the environment that perfkit runs in, or give its path in target.launch.",
        )
    return found
