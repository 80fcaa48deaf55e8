"""bisect.json: the answer written down for machines; its keys may grow, and change only with the format number."""

import json
from typing import Any, Final

from perfkit.compare.bisect.answer import Answer, Made, Suspect
from perfkit.compare.comparison import as_shares, share
from perfkit.compare.contract import ends, number
from perfkit.stats.interval import Estimate

FORMAT: Final = 1


def written(answer: Answer, id_: str, scenario: str, exit_code: int) -> str:
    """The file's text."""
    return json.dumps(content(answer, id_, scenario, exit_code), indent=1, allow_nan=False)


def content(answer: Answer, id_: str, scenario: str, exit_code: int) -> dict[str, Any]:
    """Times in seconds; changes are shares of GOOD's time: 0.03 is 3 % more."""
    line, sought = answer.line, answer.sought
    return {
        "format": FORMAT,
        "bisect": {"id": id_, "scenario": scenario, "good": line.good.commit, "bad": line.bad.commit, "lasted": answer.lasted},
        "answer": answer.verdict.value,
        "exit_code": exit_code,
        "by": None if answer.verdict == "nothing" and not answer.endpoint else ("counter" if sought else "time"),
        "endpoint": sought.endpoint if sought else answer.endpoint,
        "figure": sought.counter if sought else answer.metric,
        "culprits": [commit(answer, place) for place in _culprits(answer)],
        "step": step(answer),
        "whole": None if answer.whole is None else change(answer.whole),
        "suspects": [] if sought else [suspect(answer, one) for one in answer.suspects],
        "credible": None if answer.credible is None else [commit(answer, place) for place in answer.credible],
        "probes": [probe(answer, one) for one in answer.made],
        "failed": [{**commit(answer, place), "why": why} for place, why in answer.failed],
        "skipped": [answer.line.at(place).hash for place in sorted(line.skipped)],
        "commits": len(line.commits),
        "commits_between": line.between,
        "second_step": answer.doubles,
        "several_steps": answer.is_widened,
        "inflation": answer.inflation,
        "doubts": list(answer.caveats),
    }


def commit(answer: Answer, place: int) -> dict[str, Any]:
    one = answer.line.at(place)
    return {"place": place, "commit": one.hash, "subject": one.subject, "authored_at": one.authored_at}


def step(answer: Answer) -> dict[str, Any] | None:
    """What came with the culprit."""
    top, sought = answer.top, answer.sought
    if top is None:
        return None
    if sought is not None:
        return {"good": sought.good, "bad": sought.bad, "detail": sought.detail, "probability": top.probability}
    return {**change(top.size), "probability": top.probability}


def change(log_ratio: Estimate) -> dict[str, Any]:
    shares = as_shares(log_ratio)
    return {"change": number(shares.value), "interval": ends(shares)}


def suspect(answer: Answer, one: Suspect) -> dict[str, Any]:
    return {
        "first": commit(answer, one.start), "last": commit(answer, one.end), "probability": one.probability,
        **change(one.size),
    }  # fmt: skip


def probe(answer: Answer, one: Made) -> dict[str, Any]:
    """In the order in which they were made; `error` is of the log ratio."""
    told = {"lasted": one.lasted, "reused": one.is_old, "surprising": one.is_odd, "doubts": list(one.told)}
    if answer.sought is not None:
        return {**commit(answer, one.place), "count": one.value, **told}
    return {**commit(answer, one.place), "change": number(share(one.value)), "error": number(one.error), **told}


def _culprits(answer: Answer) -> range:
    top = answer.top
    return range(top.start, top.end + 1) if top is not None and answer.verdict in {"found", "range"} else range(0)
