"""Who may run on which cores: what the scenario asks for, what there is, and what became of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from perfkit.errors import Problem, ScenarioError
from perfkit.evidence import Missing, Placement
from perfkit.scenario import positions
from perfkit.scenario.model import Scenario
from perfkit.scenario.positions import Document
from perfkit.target import identify, pinning
from perfkit.target.target import Target

TARGET: Final = "target"
GENERATOR: Final = "generator"
OBSERVERS: Final = "perfkit"  # itself, with its collectors and profilers
NOT_OURS: Final = "perfkit did not start the target, so it neither pins it nor knows its cores"


def require(scenario: Scenario, source: Path, available: Collection[int]) -> None:
    """Refuses a scenario that names cores which perfkit may not use here; all of them at once."""
    named = {TARGET: scenario.target.cores, GENERATOR: scenario.generator.cores}
    absent = [(party, core) for party, cores in named.items() for core in cores or () if core not in available]
    if absent:
        document = positions.read(source)
        message = f"it may use {shown(available)}"
        problems = tuple(
            _problem(document, party, core, f"core {core} is not there for perfkit: {message}") for party, core in absent
        )
        raise ScenarioError(str(source), problems, hint="Name cores of this machine, or override them: --set target.cores=[0].")


def _problem(document: Document, party: str, core: int, message: str) -> Problem:
    """With its line, unless the core was named on the command line."""
    content = document.tree.get(party) if isinstance(document.tree, dict) else None
    written = content.get("cores") if isinstance(content, dict) else None
    if isinstance(written, list) and core in written:
        return document.problem((party, "cores", written.index(core)), message)
    return Problem(f"{party}.cores", message)


def own(scenario: Scenario, available: Collection[int]) -> frozenset[int]:
    """Where perfkit itself runs: out of the way of a target that is pinned, if any core is left."""
    return frozenset(available) - frozenset(scenario.target.cores or ()) or frozenset(available)


def of(scenario: Scenario, target: Target, generator: Sequence[int], observers: int) -> Mapping[str, Placement]:
    """As the kernel tells it now, of every living process."""
    cores = pinning.of(identify.descendants(target)) if target.launched else Missing(NOT_OURS)
    return {
        TARGET: Placement(cores, scenario.target.cores or ()),
        GENERATOR: Placement(pinning.of(generator), scenario.generator.cores or ()),
        OBSERVERS: Placement(pinning.of([observers])),
    }


def doubts(placement: Mapping[str, Placement], processes: int = 1, joined: int = 0) -> Iterator[str]:
    """What was asked for and did not come about, and who was pinned to a core that somebody else may use as well."""
    if not placement:
        return  # it ended before there was anything to place
    for party, placed in placement.items():
        if isinstance(placed.cores, Missing):
            if placed.asked:
                yield f"{party}.cores was not applied: {placed.cores.why}"
        elif placed.asked and set(placed.cores) - set(placed.asked):
            yield f"the {party} was pinned to core {shown(placed.asked)} and moved itself: it could use {shown(placed.cores)}"
    target, generator = placement[TARGET].cores, placement[GENERATOR].cores
    if any(placed.asked for placed in placement.values()) and not isinstance(target, Missing):
        both = sorted(set(target) & set(generator if not isinstance(generator, Missing) else ()))
        if both:
            yield f"target and generator could both use core {shown(both)}: what one of them takes there the other one lacks"
    asked = placement[GENERATOR].asked
    if asked and processes > len(asked):
        yield f"{processes} generator processes share {len(asked)} of generator.cores: each could fill one"
    if asked and joined:
        yield f"generator.cores is of this machine: {joined} that joined from elsewhere were not pinned"


def shown(cores: Collection[int]) -> str:
    return ", ".join(map(str, sorted(cores)))
