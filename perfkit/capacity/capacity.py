"""How much a target can take: one search per setting, then the plan, and all of it written down."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from perfkit.capacity import contract, earlier
from perfkit.capacity.driven import Driven, Teller
from perfkit.capacity.earlier import Earlier
from perfkit.capacity.found import SURE, Answer, Found
from perfkit.capacity.limits import judged_by, limits_of
from perfkit.capacity.load import PROFILE, at_rate
from perfkit.capacity.pages.page import page
from perfkit.capacity.places import Place
from perfkit.capacity.plan import Plan, plan
from perfkit.capacity.result import Result
from perfkit.capacity.scaling import scaling
from perfkit.capacity.searcher import Wanted, searched
from perfkit.capacity.subject import Subject
from perfkit.evidence import Floor, Missing
from perfkit.load import calibrate
from perfkit.page import Page
from perfkit.report import html, junit, markdown
from perfkit.run import again, origin, placement
from perfkit.scenario import varying
from perfkit.scenario.capacity import Scalar
from perfkit.scenario.model import Scenario
from perfkit.target import pinning

INTERRUPTED: Final = 130
EXIT_CODES: Final = {Answer.FOUND: 0, Answer.AT_LEAST: 0, Answer.BELOW: 1, Answer.DIED: 1, Answer.INCONCLUSIVE: 7}
INVALID: Final = 6
MISSED: Final = 1
# Only to have requests: what a request costs the generator does not depend on how many there are.
CALIBRATION_RATE, CALIBRATION_LASTS = 200.0, 2.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    scenario: Scenario  # with ${vary.X} as it stands
    file: Path
    out: Path
    at: float | None
    budget: float
    soak: float | None
    overload: bool
    calibrate: bool
    tell: Teller
    against: Path | None = None  # an earlier search's folder


@dataclass(frozen=True, slots=True, eq=False)
class Concluded:
    result: Result
    page: Page
    place: Place
    exit_code: int


def capacity(asked: Asked) -> Concluded:
    """Raises what keeps it from measuring anything; an interrupt leaves what was measured until then."""
    scenario = asked.scenario
    placement.require(scenario, asked.file, pinning.available())
    limits, (slo, left_out) = limits_of(scenario), judged_by(scenario)
    then = earlier.read(asked.against) if asked.against is not None else None
    if then is not None:
        earlier.require_alike(then, scenario.name, limits)
    launch = scenario.target.launch
    home = origin.of(Path(launch.cwd) if launch and launch.cwd else asked.file.resolve().parent)
    directory = origin.new_directory(asked.out, f"capacity-{scenario.name}", home)
    place = Place(directory.path)
    began = datetime.now(UTC)
    floor = _calibrated(asked)
    found: list[Found] = []
    interrupted = False
    for number, setting in enumerate(_settings(scenario), 1):
        own = varying.with_values(scenario, setting or varying.first_values(scenario))
        if setting:
            asked.tell.news(", ".join(f"{name} {value}" for name, value in setting.items()))
        asked.tell.news("starting the target" if launch else f"attaching to {scenario.target.base_url}")
        with again.running(own, place.home(number)) as target:
            driven = Driven(own, target, place.home(number), place.steps(number), limits, slo, floor, asked.tell)
            wanted = Wanted(asked.budget, asked.soak, asked.overload, dict(setting))
            one, interrupted = searched(driven, wanted)
        found.append(one)
        if interrupted:
            break
    subject = Subject(
        id=directory.path.name,
        scenario=scenario.name,
        started_at=began.isoformat(timespec="seconds"),
        commit=home.commit,
        dirty=home.dirty,
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        left_out=left_out,
    )
    return conclude(asked, place, subject, tuple(found), then, interrupted=interrupted)


def conclude(
    asked: Asked, place: Place, subject: Subject, found: tuple[Found, ...], then: Earlier | None, *, interrupted: bool
) -> Concluded:
    """Plans, and writes everything down."""
    best = best_of(found)
    result = Result(subject, found, found.index(best), _plan(asked, best), scaling(found), interrupted, then)
    code = INTERRUPTED if interrupted else exit_code(best)
    says = page(result)
    place.write("report.html", html.render(says))
    place.write("summary.md", markdown.render(says))
    place.write("junit.xml", junit.render(says))
    place.write("capacity.json", contract.written(result, code))
    return Concluded(result, says, place, code)


def best_of(found: tuple[Found, ...]) -> Found:
    """The setting with the highest lower end of what it can take: the one to recommend."""
    sure = [one for one in found if one.answer in SURE and one.limit is not None]
    return max(sure, key=lambda one: one.limit.low if one.limit else 0.0) if sure else found[0]


def exit_code(found: Found) -> int:
    """Invalid when no step says anything because the generator was the limit; then what the answer earns."""
    steps = found.steps[1:]
    if found.answer is Answer.INCONCLUSIVE and steps and all(one.state == "void" for one in steps):
        return INVALID
    if not isinstance(found.soak, Missing) and not found.soak.confirms:
        return MISSED
    return EXIT_CODES[found.answer]


def _settings(scenario: Scenario) -> Iterator[dict[str, Scalar]]:
    if not scenario.capacity.vary:
        yield {}
    for name, points in scenario.capacity.vary.items():
        for point in points:
            yield {name: point}


def _plan(asked: Asked, best: Found) -> Plan | Missing:
    settings = asked.scenario.capacity
    if asked.at is None:
        return Missing("no rate to plan for was given: --at 2000/s")
    if best.limit is None or best.limit.low <= 0:
        return Missing("there is no limit to plan with")
    step = best.nearest or best.highest_held
    used = step.usage.target if step is not None else None
    processor = used / step.achieved if step is not None and used is not None and step.achieved else None
    return plan(asked.at, best.limit, settings.headroom, settings.shared, settings.price, processor)


def _calibrated(asked: Asked) -> Floor | Missing:
    if not asked.calibrate:
        return Missing("it was not to be calibrated: --no-calibrate")
    asked.tell.news("calibrating the generator")
    own = varying.with_values(asked.scenario, varying.first_values(asked.scenario))
    load = at_rate(own, CALIBRATION_RATE, CALIBRATION_LASTS / 4, CALIBRATION_LASTS, 0)
    return calibrate.floor(load, PROFILE, asked.scenario.generator.processes)
