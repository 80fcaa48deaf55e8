"""Whether two versions that are up differ in anything but their code: Python, libraries, number of workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from perfkit.errors import ComparisonError
from perfkit.target import identify, surveys
from perfkit.target.surveys import Survey
from perfkit.target.target import Target

MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two versions must have in common."""

    workers: int = 0
    surveys: Mapping[str, Survey] = field(default_factory=dict[str, Survey])  # executable → what it has


def of(target: Target, environment: Mapping[str, str]) -> Likeness | None:
    """What a target that is up says of itself; None when the probe says nothing."""
    workers = identify.serving(target)
    if not workers or target.probe_directory is None:
        return None
    return Likeness(len(workers), surveys.of(target, environment))


def editable(found: Survey | None, top: Path, work: Path) -> tuple[Path, ...]:
    """Folders of the repository's own working tree from which an interpreter imports; checkouts lie in `work`.

    An environment with `pip install -e .` in it imports the working tree, whatever is checked out elsewhere.
    """
    paths = (Path(path).resolve() for path in (found.paths if found is not None else ()))
    inside = (path for path in paths if path.is_relative_to(top) and not path.is_relative_to(work))
    return tuple(path for path in inside if "site-packages" not in path.parts and path.is_dir())


def differences(base: Likeness | None, head: Likeness | None) -> tuple[str, ...]:
    """What the two do not have in common, in words; empty when nothing, or when nothing is known."""
    if base is None or head is None:
        return ()
    told: list[str] = []
    if base.workers != head.workers:
        told.append(f"base has {base.workers} serving processes, head has {head.workers}")
    pythons = tuple(sorted({has.python for has in side.surveys.values()}) for side in (base, head))
    if all(pythons) and pythons[0] != pythons[1]:
        told.append(f"base runs on Python {' and '.join(pythons[0])}, head on {' and '.join(pythons[1])}")
    return (*told, *_libraries(_together(base), _together(head)))


def unknown(sides: Mapping[str, Likeness | None]) -> tuple[str, ...]:
    """What cannot be compared of versions that perfkit started, and why: silence would look like likeness."""
    blind = " and ".join(name for name, has in sides.items() if has is None)
    if not blind:
        return ()
    return (f"the probe saw no serving process of {blind}: whether Python, libraries and workers are alike is not known",)


def allowed(differences: tuple[str, ...], *, allow: bool) -> tuple[str, ...]:
    """The differences, if the person wants to compare all the same; else a ComparisonError that names them."""
    if differences and not allow:
        raise ComparisonError(
            f"the two are unlike in more than their code: {'; '.join(differences)}",
            hint="Make them alike, or compare them all the same with --allow: what is found may then be due to that.",
        )
    return differences


def _together(side: Likeness) -> dict[str, str]:
    return {name: version for has in side.surveys.values() for name, version in has.libraries.items()}


def _libraries(base: Mapping[str, str], head: Mapping[str, str]) -> tuple[str, ...]:
    names = sorted(name for name in base.keys() | head.keys() if base.get(name) != head.get(name))
    if not names or not base or not head:
        return ()
    shown = [f"{name} {base.get(name, 'absent')} and {head.get(name, 'absent')}" for name in names[:MOST_NAMED]]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (f"base and head have different libraries: {', '.join(shown)}{more}",)
