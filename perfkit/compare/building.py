"""One version made ready to start: checked out, built, and the scenario as it is there, with an address of its own."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

from perfkit.compare import checkouts, cleanup, environments, likeness, ports
from perfkit.compare.checkouts import Checkout
from perfkit.compare.cleanup import Registry
from perfkit.compare.environments import OURS, Environment, Site
from perfkit.compare.sources import Source
from perfkit.errors import ComparisonError
from perfkit.evidence import RunDirectory
from perfkit.scenario.address import UNIX, address, checked
from perfkit.scenario.model import Launch, Scenario
from perfkit.target import start, surveys

Name: TypeAlias = Literal["base", "head"]

# In the environment of everything that a version starts: for a database's name, say. Both values are of one length.
SIDE: Final = "PERFKIT_SIDE"


@dataclass(frozen=True, slots=True)
class Order:
    """One version, and where it may be made."""

    name: Name
    source: Source
    scenario: Scenario
    directory: RunDirectory
    work: Path  # of the comparison: checkouts and what else is gone afterwards
    ports: Mapping[int, int]  # of the scenario → of this version
    other_ports: Mapping[int, int]  # of the scenario → of the other version, which it changes places with
    cache: Path  # of environments
    registry: Registry


@dataclass(frozen=True, slots=True)
class Built:
    """What can be started."""

    scenario: Scenario  # with this version's own launch and base URL
    exchanged: Scenario  # the same, when it has changed places with the other version
    environment: Mapping[str, str]
    redirected: tuple[Path, ...]  # folders of the working tree that the checkout's stand in for


def launch_of(source: Source, scenario: Scenario) -> Launch:
    """How the scenario, or the source itself, starts the version."""
    launch = scenario.target.launch
    if source.kind == "command":
        place = str(source.repository or Path.cwd())
        return launch.model_copy(update={"command": source.command}) if launch else Launch(command=source.command, cwd=place)
    if launch is None:
        raise ComparisonError(
            f"the scenario does not say how {source.shown} is started",
            hint="Set target.launch.command, or compare two services that run already: perfkit compare http://... http://...",
        )
    return launch


def build(order: Order, launch: Launch) -> Built:
    """Checks out, builds and maps; commands run here, nothing is started yet."""
    inherited = environment_of(order)
    launch = settled(launch, inherited)
    ports.require_named(_launched(order.scenario, launch))
    environment: Environment = OURS
    redirected: tuple[Path, ...] = ()
    checkout: Checkout | None = None
    if order.source.repository is not None:
        checkout = _checked_out(order, launch)
        environment = _environment(order, checkout, launch, inherited)
        launch = checkout.launch(launch, environment.programs)
        inherited = environment.variables(inherited)
        launch, redirected = _importing(launch, checkout, order.work, inherited)
    else:
        _require_nothing_of_git(order)
    mine = _launched(order.scenario, launch)
    exchanged = ports.exchanged(mine, order.ports, order.other_ports)
    first, other = (_addressed(order, mine, checkout, own) for own in (order.ports, exchanged))
    return Built(first, other, inherited, redirected)


def environment_of(order: Order) -> dict[str, str]:
    return {**os.environ, cleanup.MARK: order.registry.belongings.mark, SIDE: order.name}


def _launched(scenario: Scenario, launch: Launch) -> Scenario:
    return scenario.model_copy(update={"target": scenario.target.model_copy(update={"launch": launch})})


def settled(launch: Launch, environment: Mapping[str, str]) -> Launch:
    """The launch with ${env.X} filled in, so that a port in it can be seen; secrets are filled in when it is started."""

    def filled(text: str) -> str:
        if "${env." not in text or "secret." in text:
            return text
        return start.resolved({"": text}, environment, "command")[""].replace("${", "$${")

    return changed(launch, filled)


def changed(launch: Launch, change: Callable[[str], str]) -> Launch:
    """Every text of the launch, changed."""
    return launch.model_copy(
        update={
            "command": tuple(map(change, launch.command)),
            "env": {name: change(value) for name, value in launch.env.items()},
            "before": tuple(tuple(map(change, command)) for command in launch.before),
        }
    )


def _checked_out(order: Order, launch: Launch) -> Checkout:
    top, cwd = order.source.repository, Path(launch.cwd or ".").resolve()
    assert top is not None
    if not cwd.is_relative_to(top):
        raise ComparisonError(
            f"target.launch.cwd, {cwd}, is not in the repository {top}: its files would be the same for both versions",
            hint="Name revisions of the repository that the target lies in, or compare two commands (cmd:...).",
        )
    folder = order.work / order.name
    order.registry.add_worktree(top, folder)
    comparison = order.directory.path.parent
    # Other reports are no part of the version either, unless the folder of all reports is the repository itself.
    excluded = comparison if top.is_relative_to(comparison.parent) else comparison.parent
    checkout = checkouts.create(order.source, folder, excluded)
    if not checkout.mapped(cwd).is_dir():
        raise ComparisonError(
            f"it has no folder {cwd.relative_to(top)}, where target.launch.cwd starts the target",
            hint="Compare with a revision in which it is there already.",
        )
    checkouts.bring(order.scenario.compare.copy_paths, checkout)
    return checkout


def _environment(order: Order, checkout: Checkout, launch: Launch, inherited: Mapping[str, str]) -> Environment:
    site = Site(
        checkout,
        checkout.launch(launch),
        order.scenario.compare.prepare,
        order.work / f"environment-{order.name}",
        order.directory.path / "prepare.log",
    )
    return environments.ready(site, inherited, order.cache)


def _importing(launch: Launch, checkout: Checkout, work: Path, environment: Mapping[str, str]) -> tuple[Launch, tuple[Path, ...]]:
    """The launch with the checkout in front of what its environment has installed from the working tree."""
    program = start.program(launch.command[0], start.with_our_programs(environment)["PATH"])
    path = Path(launch.cwd or ".") / program
    python = path if path.name.startswith("python") else path.with_name("python")
    found = surveys.survey(str(python), environment) if python.exists() else None
    redirected = likeness.editable(found, checkout.top, work)
    if not redirected:
        return launch, ()
    known = launch.env.get("PYTHONPATH", environment.get("PYTHONPATH", ""))
    instead = os.pathsep.join(filter(None, (known, *(str(checkout.mapped(folder)) for folder in redirected))))
    return launch.model_copy(update={"env": {**launch.env, "PYTHONPATH": instead}}), redirected


def _addressed(order: Order, scenario: Scenario, checkout: Checkout | None, own: Mapping[int, int]) -> Scenario:
    where = address(scenario.target.base_url)
    if where.socket is None:
        return ports.moved(scenario, own)
    socket = Path(where.socket)
    target = ports.moved(scenario, own).target
    if checkout is not None and socket.is_relative_to(checkout.top):
        other = str(checkout.mapped(socket))
    else:
        other = f"{socket}.{order.name}"
        target = target.model_copy(update={"launch": _with_socket(target.launch, str(socket), other)})
    try:
        url = checked(f"{UNIX}://{quote(other, safe='')}{where.prefix}", None)
    except ValueError as error:
        raise ComparisonError(str(error), hint="Give a folder with a shorter path with --out.") from error
    return scenario.model_copy(update={"target": target.model_copy(update={"base_url": url})})


def _with_socket(launch: Launch | None, socket: str, other: str) -> Launch:
    assert launch is not None
    standing = re.compile(re.escape(socket) + r"(?![\w.-])")
    moved = changed(launch, lambda text: standing.sub(lambda _: other, text))
    if moved == launch:
        raise ComparisonError(
            f"the socket {socket} stands neither in target.launch.command nor in its env: both versions would want the same one",
            hint="Say it there, so that each version can be given its own.",
        )
    return moved


def _require_nothing_of_git(order: Order) -> None:
    if order.scenario.compare.prepare:
        raise ComparisonError(
            "compare.prepare builds the versions of a git repository, and this is none", hint="Take it out, or `git init`."
        )
