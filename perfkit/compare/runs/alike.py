"""In what two runs on record are unlike besides the code that they ran: scenario, Python, libraries, workers, machine."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

from perfkit.compare import likeness
from perfkit.compare.likeness import Likeness
from perfkit.compare.runs.on_record import OnRecord
from perfkit.errors import ComparisonError
from perfkit.evidence import Run
from perfkit.target.surveys import Survey

# Of the scenario, what makes the load; objectives, profiling and how to compare change nothing of what was measured.
SECTIONS: Final = ("flows", "auth", "http", "data", "vars", "seed", "generator")
# Of the launch: where the target lies is another folder for another checkout.
ELSEWHERE: Final = frozenset({"cwd"})
MACHINE: Final = ("cores", "cpu", "memory", "architecture", "system", "kernel")
TOOLS: Final = ("perfkit", "locust")


def require_baseline(base: OnRecord, head: OnRecord) -> None:
    """Figures of an invalid run are the generator's: nothing can be told from them, and no flag changes that."""
    for name, one in (("base", base), ("head", head)):
        if not one.validity.can_be_baseline:
            raise ComparisonError(
                f"{name}, {one.run.id}, is an invalid run: {one.validity.reasons[0]}",
                hint="Run the scenario again, with more generator processes or less load: an invalid run can be no baseline, "
                "nor be held against one.",
            )


def differences(base: OnRecord, head: OnRecord) -> tuple[str, ...]:
    """In words, each refused until it is allowed."""
    return tuple(_differences(base, head))


def doubts(base: OnRecord, head: OnRecord) -> Iterator[str]:
    """What is not known, or half believed, of either run."""
    for name, one in (("base", base), ("head", head)):
        if one.blind:
            yield f"{name}: nothing was seen inside ({one.blind}), so that statements are not compared"
        if one.validity.state == "suspect":
            yield f"{name} is a suspect run: {one.validity.reasons[0]}"
        if (grade := _noise(one.run)) == "noisy":
            yield f"{name} began on a machine that was graded {grade}"
    if not base.run.libraries or not head.run.libraries:
        yield "which libraries the two runs had is not on record, so it is not known whether they had the same"
    if base.run.commit and base.run.commit == head.run.commit and not (base.run.dirty or head.run.dirty):
        yield "both runs are of the same commit: what differs between them is not the code"


def _differences(base: OnRecord, head: OnRecord) -> Iterator[str]:
    sections = [name for name, one, other in _sections(base.run, head.run) if one != other]
    if sections:
        yield f"they played different scenarios: {', '.join(sections)} differ"
    yield from likeness.differences(_has(base.run), _has(head.run))
    apart = [
        f"{name} {one} and {other}"
        for name, one, other in (*_of(base.run.machine, head.run.machine, MACHINE), *_tools(base.run, head.run))
        if one != other
    ]
    if apart:
        yield f"they ran on different machines: {', '.join(apart)}"
    if base.run.dirty:
        yield "the baseline ran with uncommitted changes: what it ran will not be there again"
    for name, run in (("base", base.run), ("head", head.run)):
        if run.state != "finished":
            yield f"{name} came to no proper end ({run.state})"


def _sections(base: Run, head: Run) -> Iterator[tuple[str, Any, Any]]:
    for name in SECTIONS:
        yield name, *(_placeless(run.resolved.get(name)) for run in (base, head))
    yield "load", *(_placeless(_mapping(run.resolved.get("load")).get(run.load)) for run in (base, head))
    yield "target.launch", *(_placeless(_launch(run)) for run in (base, head))


def _launch(run: Run) -> dict[str, Any]:
    launch = _mapping(_mapping(run.resolved.get("target")).get("launch"))
    return {key: value for key, value in launch.items() if key not in ELSEWHERE}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _placeless(value: Any) -> Any:
    """Without the folders of absolute paths: the same checkout may lie elsewhere."""
    if isinstance(value, str):
        return PurePath(value).name if value.startswith("/") and len(PurePath(value).parts) > 2 else value  # noqa: PLR2004  /tmp
    if isinstance(value, Mapping):
        return {key: _placeless(item) for key, item in value.items()}
    return [_placeless(item) for item in value] if isinstance(value, list | tuple) else value


def _has(run: Run) -> Likeness | None:
    if not run.serving:
        return None
    pythons = sorted({str(worker["python"]) for worker in run.serving if worker.get("python")})
    return Likeness(len(run.serving), {python: Survey(python, run.libraries, ()) for python in pythons})


def _of(base: Mapping[str, Any], head: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    """What both have on record."""
    return ((name, base[name], head[name]) for name in names if name in base and name in head)


def _tools(base: Run, head: Run) -> Iterator[tuple[str, Any, Any]]:
    return _of(_mapping(base.machine.get("tools")), _mapping(head.machine.get("tools")), TOOLS)


def _noise(run: Run) -> str:
    return str(_mapping(run.machine.get("noise")).get("grade", ""))
