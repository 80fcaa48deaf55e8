"""An earlier search beside this one: limit against limit, per setting, with an interval of their ratio."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from perfkit.capacity.found import Found
from perfkit.capacity.limits import Limit
from perfkit.capacity.subject import Subject
from perfkit.errors import ComparisonError, EvidenceError
from perfkit.evidence import Missing
from perfkit.stats.interval import Estimate

NAME: Final = "capacity.json"
# Of that file; contract.py writes it.
FORMAT: Final = 1
Change: TypeAlias = Literal["higher", "lower", "no difference that can be told"]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a capacity.json says."""

    id: str
    scenario: str
    commit: str
    machine: str
    limits: Mapping[str, Estimate | None]  # per setting, as `setting_name` names it
    objectives: tuple[tuple[str, str], ...]
    first: Mapping[str, str]  # what gave out first, per setting


@dataclass(frozen=True, slots=True)
class Beside:
    """One setting that both have."""

    setting: str
    earlier: Estimate
    now: Estimate
    ratio: Estimate
    first: tuple[str, str]  # what gave out first, then and now

    @property
    def change(self) -> Change:
        if not self.ratio.excludes(1.0):
            return "no difference that can be told"
        return "higher" if self.ratio.value > 1 else "lower"


def setting_name(setting: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in setting.items())


def read(path: Path) -> Earlier:
    """Of a search's folder, or of its capacity.json."""
    file = path / NAME if path.is_dir() else path
    hint = "Give the folder of a search: reports/<...>-capacity-<...>."
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        version = content["format"]
    except OSError as error:
        raise EvidenceError(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise EvidenceError(f"{file} is no result of a search for capacity", hint=hint) from error
    if version != FORMAT:
        raise EvidenceError(f"{file} is of format {version}; this perfkit reads format {FORMAT}", hint="Search again.")
    try:
        return _earlier(content)
    except (KeyError, TypeError, IndexError) as error:
        raise EvidenceError(f"{file} is damaged: {error!r}", hint=hint) from error


def require_alike(earlier: Earlier, scenario: str, limits: tuple[Limit, ...]) -> None:
    """Raises before anything is measured: limits of other objectives are other limits."""
    now = tuple((one.endpoint, one.text) for one in limits)
    if (earlier.scenario, earlier.objectives) != (scenario, now):
        then = ", ".join(f"{endpoint}: {text}" for endpoint, text in earlier.objectives)
        raise ComparisonError(
            f"the earlier search is of {earlier.scenario} within {then}; this one is of {scenario} within "
            f"{', '.join(one.title for one in limits)}",
            hint="Search both with the same scenario, or leave --against out.",
        )


def beside(earlier: Earlier, found: tuple[Found, ...]) -> tuple[Beside, ...] | Missing:
    """Settings that both have a limit of."""
    pairs = []
    for one in found:
        key = setting_name(one.setting)
        then, now = earlier.limits.get(key), one.limit
        if then is None or now is None or not then.value or not now.value:
            continue
        first = (earlier.first.get(key, ""), one.bounds[0].resource if one.bounds else "")
        pairs.append(Beside(key, then, now, _ratio(then, now), first))
    return tuple(pairs) or Missing("no setting has a limit in both of them")


def caveats(earlier: Earlier, subject: Subject) -> tuple[str, ...]:
    """What else may have made the difference."""
    machine = (
        (f"the machines differ ({earlier.machine}; {subject.machine}): the difference may be theirs",)
        if earlier.machine != subject.machine
        else ()
    )
    return (*machine, "they were measured at different times: `perfkit compare` alternates two versions within one run")


def _ratio(then: Estimate, now: Estimate) -> Estimate:
    """Of two that are independent: relative errors add up in squares."""
    value = now.value / then.value
    down = math.hypot(_log(now.value, now.low), _log(then.value, then.high))
    up = math.hypot(_log(now.value, now.high), _log(then.value, then.low))
    return Estimate(value, value * math.exp(-down), value * math.exp(up), now.confidence)


def _log(one: float, other: float) -> float:
    return abs(math.log(other / one)) if 0 < other < math.inf else math.inf


def _earlier(content: Mapping[str, Any]) -> Earlier:
    whose, settings = content["capacity"], content["settings"]
    objectives = tuple((one["endpoint"], one["objective"]) for one in settings[0]["objectives"])
    return Earlier(
        id=str(whose["id"]),
        scenario=str(whose["scenario"]),
        commit=str(whose["commit"]),
        machine=str(whose["machine"]),
        limits={setting_name(one["setting"]): _estimate(one["limit"]) for one in settings},
        objectives=objectives,
        first={setting_name(one["setting"]): str(one["bounds"][0]["resource"]) for one in settings if one["bounds"]},
    )


def _estimate(written: Mapping[str, Any] | None) -> Estimate | None:
    """An end that is null is open."""
    if written is None or written["value"] is None:
        return None
    low, high = written["interval"]
    return Estimate(
        float(written["value"]), 0.0 if low is None else float(low), math.inf if high is None else float(high),
        float(written["confidence"]),
    )  # fmt: skip
