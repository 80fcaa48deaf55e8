"""How near searches for capacity come to the truth, on targets whose kind of limit is known.

    python -m bench.capacity.searches [--series 1] [--most RUNS] [--try RUNS [--kinds lock]] [--table]

Six targets (cases.PLAIN), each searched twice with the budget that users have. After every step of a search one long step of the
truth is driven at the same target, at rates around what is known of it so far, so that both see the same machine; its time is not
the search's. The rules that simpler tools go by (a staircase; k6's abortOnFail, whose percentile is of all requests since the
beginning) judge the same recorded steps, of search and truth together. Every search is a row of
docs/results/capacity-searches.md.
"""

import argparse
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from bench.capacity import truth
from bench.capacity.cases import CASES, PLAIN, scenario
from bench.capacity.truth import Watched
from bench.compare.conduct import Bench, parsed, so_many
from bench.compare.registered import Item
from perfkit.capacity import load
from perfkit.capacity import step as stepping
from perfkit.capacity.driven import Driven, Teller
from perfkit.capacity.limits import judged_by, limits_of
from perfkit.capacity.places import Place
from perfkit.capacity.searcher import Searcher, Wanted
from perfkit.capacity.step import Kind, Step
from perfkit.evidence import Missing
from perfkit.measures.lazy import Measures
from perfkit.run import again
from perfkit.scenario.parse import parse

ROUNDS: Final = 2
SEED: Final = 20261124
BUDGET: Final = 300.0
SLO: Final = "p95 < 100ms"
ALLOWED: Final = 0.05
SETTLING, LONG = 4.0, 120.0
# In an order that only says where the truth is looked for first: of what the first of the limits comes to.
FIRST_GUESS: Final = 0.88
NEAR, NEAR_PREDICTED = 0.05, 0.10
COLUMNS: Final = (
    "truth", "found", "off by", "its interval holds the truth", "predicted", "off by (predicted)", "staircase", "k6 rule",
    "steps", "seconds", "answer",
)  # fmt: skip


@dataclass(slots=True)
class Interleaved(Driven):
    """Drives what a search asks for, and a long step of the truth after each of its steps."""

    guess: float = 0.0
    known: list[Watched] = field(default_factory=list)
    lost: float = 0.0  # seconds that were the truth's

    def step(self, kind: Kind, rate: float, lasting: float) -> tuple[Step, Measures]:
        taken = Driven.step(self, kind, rate, lasting)
        if kind == "step":
            began = time.monotonic()
            self._truth()
            self.lost += time.monotonic() - began
        return taken

    def _truth(self) -> None:
        rate = truth.next_rate(self.known, ALLOWED, self.guess)
        profile = load.at_rate(self.scenario, rate, SETTLING, LONG, 1000 + self.runs)
        recorded, measures = self.run("truth", profile)
        one = stepping.read(self.runs, "step", rate, recorded, measures, self.limits, self.judged_by)
        self.known.append(watched(one))


class Timed(Searcher):
    """A search whose clock stands still while the truth is looked at."""

    driven: Interleaved

    def _try(self, rate: float, lasting: float) -> None:
        before = self.driven.lost
        super()._try(rate, lasting)
        self.deadline += self.driven.lost - before


def say(news: str) -> None:
    print(f"  {news}", flush=True)


def watched(one: Step) -> Watched:
    return Watched(one.offered, one.watched.requests[:, 0], one.watched.missed[:, 0])


def plan() -> tuple[Sequence[Item], dict[str, Any]]:
    dice = random.Random(SEED)
    order = [case.name for case in PLAIN for _ in range(ROUNDS)]
    dice.shuffle(order)
    items = [Item(number, SEED + number, name, "") for number, name in enumerate(order, 1)]
    return items, {"budget": BUDGET, "slo": SLO, "long": LONG, "settling": SETTLING}


def run(item: Item, facts: Mapping[str, Any]) -> dict[str, Any]:
    case = CASES[item.kind]
    a_load: list[Mapping[str, Any]] = [{"rate": f"{case.rate / 4:g}/s", "for": "10s"}]
    with TemporaryDirectory(prefix="bench-searches-") as folder, scenario(case, a_load, {"all": [facts["slo"]]}) as content:
        file = Path(folder) / "scenario.yaml"
        file.write_text(json.dumps(content | {"seed": item.seed}))
        asked = parse(file, settled=False)
        place = Place(Path(folder))
        with again.running(asked, place.home(1)) as target:
            driven = Interleaved(
                asked, target, place.home(1), place.steps(1), limits_of(asked), judged_by(asked)[0],
                Missing("benches do not calibrate"), Teller(say, lambda _: None), guess=FIRST_GUESS * case.rate,
            )  # fmt: skip
            search = Timed(driven, Wanted(facts["budget"], None, False, {}))
            search.run()
        found = told(search)
        for name in ("bounds", "search_steps", "truth_steps", "doubts"):
            say(f"{name}: {found[name]}")
        return found


def told(search: Timed) -> dict[str, Any]:
    found, known = search.found(), search.driven.known
    answered: dict[str, Any] = {
        "outcome": found.answer.value,
        "seconds": found.lasted - search.driven.lost,
        "steps": len(search.tried),
        "bounds": [[one.resource, one.servers, one.demand] for one in found.bounds],
        "doubts": list(found.doubts),
        "truth_steps": [[one.rate, one.share] for one in known],
        "search_steps": [[one.offered, one.state, one.watched.missed_share(0)] for one in found.steps],
    }
    if found.limit is None or isinstance(found.prediction, Missing) or len(known) < truth.FEWEST:
        return answered
    true = truth.limit(known, ALLOWED, search.driven.guess)
    recorded = [*known, *(watched(one) for one in found.steps if one.kind == "step")]
    return answered | {
        "truth": true,
        "truth_interval": truth.interval(known, ALLOWED, true),
        "limit": found.limit.value,
        "interval": [found.limit.low, found.limit.high],
        "predicted": found.prediction.model.limit,
        "predicted_interval": [found.prediction.limit.low, found.prediction.limit.high],
        "covers": found.limit.low <= true <= found.limit.high,
        "staircase": truth.staircase(recorded, ALLOWED),
        "k6": truth.cumulative(recorded, ALLOWED),
    }


def cells(found: Mapping[str, Any]) -> Sequence[str]:
    if "truth" not in found:
        return (*[""] * 8, str(found["steps"]), f"{found['seconds']:.0f}", found["outcome"])
    true, (low, high) = found["truth"], found["truth_interval"]
    own_low, own_high = found["interval"]
    return (
        f"{true:.1f} [{low:.1f}, {high:.1f}]",
        f"{found['limit']:.1f} [{own_low:.1f}, {own_high:.1f}]",
        f"{found['limit'] / true - 1:+.1%}",
        "yes" if found["covers"] else "no",
        f"{found['predicted']:.1f}",
        f"{found['predicted'] / true - 1:+.1%}",
        f"{found['staircase'] / true - 1:+.1%}",
        f"{found['k6'] / true - 1:+.1%}",
        str(found["steps"]),
        f"{found['seconds']:.0f}",
        found["outcome"],
    )


def tell(found: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """What the issue asks for, and the simpler rules beside it."""
    judged = [(kind, one) for kind, one in found if "truth" in one]
    if not judged:
        return
    errors = {
        name: np.array([one[name] / one["truth"] - 1 for _, one in judged]) for name in ("limit", "predicted", "staircase", "k6")
    }
    pairs = [
        abs(first["limit"] / second["limit"] - 1)
        for place, (kind, first) in enumerate(judged)
        for other, second in judged[place + 1 :]
        if other == kind
    ]
    count = len(judged)
    print(f"limit within 5 % of the truth: {so_many(int((abs(errors['limit']) <= NEAR).sum()), count)}")
    print(f"the two of one target within 5 % of each other: {sum(pair <= NEAR for pair in pairs)} of {len(pairs)}")
    print(f"prediction within 10 %: {so_many(int((abs(errors['predicted']) <= NEAR_PREDICTED).sum()), count)}")
    print(f"interval holds the truth: {so_many(sum(one['covers'] for _, one in judged), count)}")
    print("| judged by | median error | median of its size | largest |\n|---|---|---|---|")
    for name, error in errors.items():
        print(f"| {name} | {np.median(error):+.1%} | {np.median(abs(error)):.1%} | {error[np.argmax(abs(error))]:+.1%} |")


def main() -> None:
    wanted = parsed(argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter))
    title = "Searches for capacity: six targets whose kind of limit is known, each searched twice"
    series = Bench("searches", title, COLUMNS, plan, run, cells, "capacity").conduct(wanted)
    tell([(one.item.kind, one.found) for one in series.answered])


if __name__ == "__main__":
    main()
