"""Builders of searches: a step, a limit, all that was found; a test names only what it is about."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from perfkit.capacity.bounds import Bound, Observed
from perfkit.capacity.demands import Alone, Demands
from perfkit.capacity.earlier import Earlier
from perfkit.capacity.found import Answer, Found
from perfkit.capacity.in_flight import InFlight
from perfkit.capacity.limits import Limit
from perfkit.capacity.network import network
from perfkit.capacity.plan import Plan
from perfkit.capacity.predict import Prediction
from perfkit.capacity.result import Result
from perfkit.capacity.scaling import scaling
from perfkit.capacity.shared import Shared
from perfkit.capacity.step import Arrived, Reached, Step, Usage
from perfkit.capacity.subject import Subject
from perfkit.evidence import Missing, Run, RunDirectory
from perfkit.measures.bottleneck import Bottlenecks
from perfkit.measures.utilisation import Utilisation
from perfkit.run.record import Recorded
from perfkit.stats.interval import Estimate
from perfkit.stats.load_factor import Model, Watched
from perfkit.stats.miss_curve import MissCurve
from perfkit.validity import Validity

P95 = Limit("all", "p95 < 100ms", 0.1, 0.05)


def recorded(run: Run) -> Recorded:
    return Recorded(RunDirectory(Path("reports/steps-1/03-step")), run, None)


def a_step(rate: float = 80.0, missed: float = 0.02, **fields: Any) -> Step:
    """One that counts: valid, nothing failed, the share of late requests as given."""
    requests = np.full((14, 1), 2 * rate)
    step = Step(
        number=3,
        kind="step",
        folder="steps-1/03-step",
        wanted=rate,
        offered=rate,
        achieved=rate,
        state="counted",
        why="",
        response_times=(0.02, 0.08, 0.12),
        reached=(Reached(P95, 0.08, missed, round(28 * rate)),),
        missed_objectives=("all: p95 < 100ms",) if missed > P95.allowed else (),
        error_share=0.0,
        usage=Usage(1.2, 0.1, 1.4, 2),
        validity=Validity("valid"),
        watched=Watched(rate, requests, missed * requests),
        arrived=Arrived(np.empty(0), (), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)),
        bottlenecks=Bottlenecks((Utilisation("worker CPU", "process 7", 0.93, "had 0.93 of a core"),), is_full=True),
    )
    return dataclasses.replace(step, **fields)


def demands(count: int = 2000, mean: float = 0.02, seed: int = 1, computing: float = 1.0, **fields: Any) -> Demands:
    """Requests of which so large a share is CPU; the rest waits for nobody."""
    wall = np.random.default_rng(seed).lognormal(np.log(mean) - 0.125, 0.5, count)
    found = Demands(
        endpoints=("GET /orders",),
        endpoint=np.zeros(count, dtype=np.intp),
        cpu=computing * wall,
        rest=(1 - computing) * wall,
        shared=(),
        slots=Missing("this test gives none"),
        beside=0.0,
        processor=computing * float(wall.mean()),
        outside=np.zeros(1),
        is_asynchronous=False,
    )
    return dataclasses.replace(found, **fields)


def shared(times: Any, servers: int = 1, **fields: Any) -> Shared:
    """A lock that requests have for so long."""
    return dataclasses.replace(Shared("lock", "shop.py:7", servers, times, float(times.mean()), times, "held"), **fields)


def a_prediction(limit: float = 84.0) -> Prediction:
    rates = np.linspace(10, 160, 16)
    curve = MissCurve(rates, np.log(0.05 / 0.95) + 8 * np.log(rates / limit))
    bounds = (Bound("worker CPU", 2, 0.02, "2 workers on 2 cores: one core each"),)
    usage = Usage(None, None, None, 2)
    queued = network(Observed(demands(), usage, 20.0, 2, Missing("this test gives none")), bounds, (P95,), (None,))
    interval = Estimate(limit, 0.95 * limit, 1.05 * limit, 0.9)
    return Prediction(interval, Model((curve,), (limit,)), bounds, 100.0, 2000, queued)


def a_found(**fields: Any) -> Found:
    """84/s, of six steps and a low-load run."""
    rates = (30.0, 75.6, 84.0, 79.8, 88.2)
    missed = (0.0, 0.02, 0.05, 0.035, 0.07)
    steps = tuple(a_step(rate, share, number=place) for place, (rate, share) in enumerate(zip(rates, missed, strict=True), 2))
    found = Found(
        setting={},
        answer=Answer.FOUND,
        limit=Estimate(84.0, 81.0, 87.0, 0.9),
        limits=(P95,),
        steps=(dataclasses.replace(steps[0], kind="low load"), *steps[1:]),
        prediction=a_prediction(),
        bounds=a_prediction().bounds,
        alone=Alone(0.022, 400),
        in_flight=InFlight(0.6, 0.61, 0.02),
        workers=2,
        floor=Missing("this test gives none"),
        overload=Missing("it was not tried"),
        soak=Missing("it was not asked for"),
        lasted=250.0,
        doubts=(),
    )
    return dataclasses.replace(found, **fields)


def a_result(
    *found: Found, earlier: Earlier | None = None, plan: Plan | Missing | None = None, recommended: int = 0, **subject: Any
) -> Result:
    whose = Subject("20261123-101500-capacity-shop-4f2c1e", "shop", "2026-11-23T10:15:00+00:00", "4f2c1e", False, "2 cores", ())
    return Result(
        subject=dataclasses.replace(whose, **subject),
        found=found or (a_found(),),
        recommended=recommended,
        plan=plan if plan is not None else Missing("no rate to plan for was given"),
        scaling=scaling(found or (a_found(),)),
        interrupted=False,
        earlier=earlier,
    )
