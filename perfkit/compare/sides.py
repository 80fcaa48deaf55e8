"""The two versions, both up on the same cores, each with its own code, data, environment and address; gone when it ends."""

import os
import re
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.compare import cleanup, likeness, ports, sources
from perfkit.compare.building import Built, Name, Order, build, launch_of
from perfkit.compare.likeness import Likeness
from perfkit.compare.side import Pair, Side, speaking_of
from perfkit.compare.sources import Source
from perfkit.errors import ComparisonError
from perfkit.evidence import RunDirectory
from perfkit.scenario import guard as guards
from perfkit.scenario import secrets
from perfkit.scenario.model import Launch, Scenario
from perfkit.target import pinning, start
from perfkit.target.pinning import Cores

WORK: Final = ".work"
ENVIRONMENTS: Final = "environments"
# What a database or a broker is reached by; SQLite's relative paths (three slashes) lie in each version's own folder.
_SHARED: Final = re.compile(r"^(?!https?://)(?!sqlite\S*://(?:/[^/]|$|/?:memory:))[a-z][\w+.-]*://")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds."""

    allow: bool = False  # unlike things are compared all the same
    cores: int = 1  # of the versions; together, not each
    on_news: Callable[[str], None] | None = None
    cache: Path | None = None  # of environments and of the record of what is to be cleared

    def tell(self, news: str) -> None:
        if self.on_news:
            self.on_news(news)


@contextmanager
def opened(base: Source, head: Source, scenario: Scenario, directory: Path, options: Options) -> Generator[Pair]:
    """Builds and starts both, refuses what cannot be compared, and leaves nothing but what they wrote into `directory`."""
    secrets.learn(scenario.model_dump_json(), os.environ)
    differences = require_comparable(base, head, options)
    cores = pinning.divided(
        pinning.available(),
        pinning.siblings(pinning.available()),
        options.cores,
        versions=scenario.target.cores,
        client=scenario.generator.cores,
    )
    cache = options.cache or cleanup.cache()
    work = directory.resolve() / WORK
    with ExitStack() as stack:
        registry = cleanup.Registry.open(directory.name, cache / cleanup.RECORDS)
        stack.callback(registry.clear)
        registry.add_folder(work)
        work.mkdir(parents=True, exist_ok=True)
        epoch = time.monotonic()
        orders = _orders(base, head, scenario, directory.resolve(), cache, registry)
        built = [_built(order, options) for order in orders]
        sides = [
            Side(order.name, order.source, (made.scenario, made.exchanged), order.directory, cores, epoch)
            for order, made in zip(orders, built, strict=True)
        ]
        for side, made in zip(sides, built, strict=True):
            if side.source.is_launched:
                options.tell(f"preparing {side.name}")
                side.prepare(made, work, stack)
        launched = [side.name for side in sides if side.is_ours]
        options.tell(f"starting {' and '.join(launched)}" if launched else "attaching to both")
        pair = Pair(sides[0], sides[1], cores.versions, cores.client, epoch=epoch)
        stack.callback(pair.stop)
        pair.start()
        pair.differences = differences + _unlike(sides, built, work, options)
        stack.enter_context(pinning.client_on(cores.client))
        pair.caveats = (*_shared(built), *_doubts(base, head, cores), *_not_known(sides))
        yield pair


def require_comparable(base: Source, head: Source, options: Options) -> tuple[str, ...]:
    """What is known before anything is built."""
    unfit = sources.require_baseline(base, allow=options.allow)
    for source in (base, head):
        if source.kind == "run":
            raise ComparisonError(
                f"{source.label} is a run on record: nothing can be asked of it any more",
                hint="Compare it with another run directory, or two versions that can be started: revisions, commands, services.",
            )
    if base.is_launched == head.is_launched:
        return unfit
    mixed = f"perfkit starts {_started(base, head).shown} itself, and the other one runs already"
    return (*unfit, *likeness.allowed((mixed,), allow=options.allow))


def _orders(
    base: Source, head: Source, scenario: Scenario, directory: Path, cache: Path, registry: cleanup.Registry
) -> tuple[Order, Order]:
    asked = ports.named(scenario)
    given = ports.free(2 * len(asked))
    shares = (given[: len(asked)], given[len(asked) :])
    orders: list[Order] = []
    names: tuple[Name, Name] = ("base", "head")
    maps = [dict(zip(asked, own, strict=True)) for own in shares]
    for name, source, own, other in zip(names, (base, head), maps, reversed(maps), strict=True):
        place = RunDirectory(directory / name)
        place.path.mkdir(parents=True, exist_ok=True)
        orders.append(Order(name, source, scenario, place, directory / WORK, own, other, cache / ENVIRONMENTS, registry))
    return orders[0], orders[1]


def _built(order: Order, options: Options) -> Built:
    with speaking_of(order.name, order.source):
        if order.source.kind == "url":
            running = _at(order.source.url, order.scenario)
            return Built(running, running, dict(os.environ), ())
        launch = launch_of(order.source, order.scenario)
        options.tell(f"building {order.name}, {order.source.shown}")
        return build(order, launch)


def _at(url: str, scenario: Scenario) -> Scenario:
    """The scenario against a service that runs."""
    refusal = guards.refusal(scenario.guard, guards.host_of(url), owned=scenario.guard.is_owned)
    if refusal:
        raise ComparisonError(refusal, hint="Name the host under guard.allow_hosts if the machine is yours to load.")
    return scenario.model_copy(update={"target": scenario.target.model_copy(update={"base_url": url, "launch": None})})


def _unlike(sides: list[Side], built: list[Built], work: Path, options: Options) -> tuple[str, ...]:
    found: list[Likeness | None] = []
    for side, made in zip(sides, built, strict=True):
        has = likeness.of(side.target, made.environment)
        found.append(has)
        side.likeness = has
        _require_own_code(side, made, has, work)
    return likeness.allowed(likeness.differences(*found), allow=options.allow)


def _not_known(sides: list[Side]) -> tuple[str, ...]:
    return likeness.unknown({side.name: side.likeness for side in sides if side.source.is_launched})


def _require_own_code(side: Side, made: Built, has: Likeness | None, work: Path) -> None:
    """Both versions importing the working tree would be a comparison of it with itself."""
    top = side.source.repository
    if has is None or top is None:
        return
    for executable, survey in has.surveys.items():
        for folder in likeness.editable(survey, top, work):
            if folder not in made.redirected:
                raise ComparisonError(
                    f"{side.name}, {side.source.shown}: {executable} imports {folder}, the working tree, instead of its checkout",
                    hint="Let compare.prepare build each version's environment: prepare: [[pip, install, .]].",
                )


def _started(base: Source, head: Source) -> Source:
    return base if base.is_launched else head


def _shared(built: list[Built]) -> tuple[str, ...]:
    """Variables by which both versions reach the same data; their values may be secrets and are not told."""
    launches = [made.scenario.target.launch for made in built]
    if any(launch is None for launch in launches):
        return ()
    one, other = (_variables(launch, made) for launch, made in zip(launches, built, strict=True) if launch is not None)
    names = sorted(name for name, value in one.items() if other.get(name) == value and _SHARED.match(value))
    return tuple(
        f"both versions have the same {name}, so what one of them writes the other one reads "
        f"(${{env.PERFKIT_SIDE}} in it is `base` for one and `head` for the other)"
        for name in names
    )


def _variables(launch: Launch, made: Built) -> dict[str, str]:
    return start.resolved(launch.env, made.environment, "env")


def _doubts(base: Source, head: Source, cores: Cores) -> tuple[str, ...]:
    told: list[str] = []
    if not base.is_launched or not head.is_launched:
        told.append("Python, libraries and workers of a service that runs already are not known, and it is never restarted")
    if not cores.are_apart:
        told.append("there is one core for both versions and the client, which disturb each other")
    if base.kind == "command" and base.repository is None:
        told.append("both commands run in the same folder, on the same files")
    return tuple(told)
