"""One function of your own code uses much of the processor time of an endpoint.

What it looks for
    A function of your own code in which, or in library code called from which, 20 % or more of
    the endpoint's on-CPU samples stand (low end of the 95 % interval: 10 %), with 400 samples
    of the endpoint or 50 of the function.
Why it matters
    Processor time cannot be waited for in parallel: it bounds how many requests a core serves.
What to change
    Do the work once instead of per request, do less of it, or use a faster implementation.
What it cannot see
    Time that waits (see the breakdown), and work that must be as slow as it is, such as hashing
    passwords. Frames of database drivers, ORMs and frameworks are not counted as yours: other
    rules judge how often you call them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from perfkit.evidence import Caveat
from perfkit.finding import Exhibit, Family, Finding, Level, Rule, Skipped
from perfkit.measures import profiles
from perfkit.measures.lazy import Measures
from perfkit.stats.proportions import wilson
from perfkit.units import show_share, show_time

RULE = Rule(
    id="hot-function",
    title="One function uses much of the processor time",
    family=Family.CPU,
    needs=("traces", "stacks"),
    fix="Do this work once instead of in each request, do less of it, or use a faster implementation.",
)
# CodeGuru's patterns start at a few per cent of all samples; of one endpoint only a fifth is worth a look.
MIN_SHARE = 0.20
MIN_LOW_SHARE = 0.10
# Wilson's interval of 20 % is 16 to 24 % at 400 samples; 50 hits of the function put its low end above 10 % as well.
MIN_ENDPOINT_SAMPLES = 400
MIN_FUNCTION_SAMPLES = 50
# With fewer, even a function with the least share that counts has too few of its own to be told from chance.
MIN_TO_TELL = round(MIN_FUNCTION_SAMPLES / MIN_SHARE)
# In-process databases work on the thread of the caller, and C code has no frame: when statements issued by a function take half
# of its time, that time is the database's.
MAX_STATEMENT_SHARE = 0.5
# Drivers, ORMs, frameworks and servers: their frames are judged by other rules.
INFRASTRUCTURE = re.compile(
    r"(^|/)(sqlalchemy|django|psycopg\w*|psycopg_pool|asyncpg|aiosqlite|sqlite3|MySQLdb|pymysql|flask|flask_sqlalchemy|fastapi|"
    r"starlette|werkzeug|uvicorn|gunicorn|uvloop|asyncio|anyio|h11|httptools|asgiref|gevent|perfkit_probe|threading\.py|socketserver\.py)"
    r"(/|$|\.py)"
)
SLOW_BY_INTENT = re.compile(r"(?i)passw|pbkdf2|bcrypt|scrypt|argon2|hash")


@dataclass(slots=True)
class Tally:
    """Samples whose innermost frame of the user's own code is one function."""

    own: int = 0  # in its own lines, or in C code called from them
    called: Counter[str] = field(default_factory=Counter[str])  # library function → samples below it
    lines: Counter[int] = field(default_factory=Counter[int])
    stacks: Counter[tuple[str, ...]] = field(default_factory=Counter[tuple[str, ...]])

    @property
    def samples(self) -> int:
        return self.own + self.called.total()


def detect(measures: Measures) -> Iterator[Finding | Skipped]:
    seen = {
        endpoint: stacks for endpoint, stacks in measures.stacks_by_endpoint.items() if endpoint in measures.traces_by_endpoint
    }
    findings = list(_findings(measures, seen))
    yield from findings
    most = max((int(stacks["samples"].sum()) for stacks in seen.values()), default=0)
    if not findings and most < MIN_TO_TELL:
        yield Skipped(RULE, f"{most} samples at the endpoint with the most; {MIN_TO_TELL} are needed (profiling.for: 60s)")


def _findings(measures: Measures, seen: Mapping[str, pl.DataFrame]) -> Iterator[Finding]:
    for endpoint, stacks in seen.items():
        samples = int(stacks["samples"].sum())
        processor_time = _processor_time(measures, endpoint)
        for (file, function), tally in _tallies(stacks, measures.is_own).items():
            if not _is_hot(tally, samples):
                continue
            share = tally.samples / samples
            if _statement_time(measures, endpoint, file, function) >= MAX_STATEMENT_SHARE * share * processor_time:
                continue
            yield _finding(measures, endpoint, f"{file}:{tally.lines.most_common(1)[0][0]} in {function}", tally, samples)


def _is_hot(tally: Tally, samples: int) -> bool:
    enough = samples >= MIN_ENDPOINT_SAMPLES or tally.samples >= MIN_FUNCTION_SAMPLES
    return enough and tally.samples >= MIN_SHARE * samples and wilson(tally.samples, samples)[0] >= MIN_LOW_SHARE


def _tallies(stacks: pl.DataFrame, is_own: Callable[[str], bool]) -> dict[tuple[str, str], Tally]:
    """Each sample goes to the innermost function of the user's own code: a handler that calls others gets none of theirs."""
    tallies: defaultdict[tuple[str, str], Tally] = defaultdict(Tally)
    places: dict[str, profiles.Place] = {}
    for stack, samples in stacks.select("stack", "samples").iter_rows():
        frames = [places.setdefault(text, profiles.read_frame(text)) for text in stack]
        innermost = next((i for i in range(len(frames) - 1, -1, -1) if is_own(frames[i].file)), None)
        if innermost is None or any(INFRASTRUCTURE.search(frame.file) for frame in frames[innermost + 1 :]):
            continue
        frame = frames[innermost]
        tally = tallies[frame.file, frame.function]
        tally.lines[frame.line] += samples
        tally.stacks[tuple(stack)] += samples
        if innermost == len(frames) - 1:
            tally.own += samples
        else:
            callee = frames[innermost + 1]
            tally.called[f"{callee.function} ({callee.file})"] += samples
    return dict(tallies)


def _processor_time(measures: Measures, endpoint: str) -> float:
    """CPU per request; on an event loop the time it ran there."""
    cpu = pl.when("asynchronous").then("loop_time").otherwise("cpu_time")
    mean = measures.traces_by_endpoint[endpoint].select(cpu.filter(cpu.is_not_nan()).mean()).item()
    if mean is not None:
        return float(mean)
    stacks, requests = measures.stacks_by_endpoint[endpoint], measures.profiled_traces_by_endpoint.get(endpoint)
    return float(stacks["time"].sum()) / requests.height if requests is not None else 0.0


def _statement_time(measures: Measures, endpoint: str, file: str, function: str) -> float:
    """Time per request of the statements that this function issues."""
    place = profiles.Place(function, file, 0)
    table = measures.statement_table.filter(pl.col("endpoint") == endpoint)
    return sum(
        float(per_request) * float(mean_time)
        for site, per_request, mean_time in table.select(
            pl.col("call_site").cast(pl.String), "per_request", "mean_time"
        ).iter_rows()
        if site and profiles.is_same_function(profiles.read_call_site(site), place)
    )


def _finding(measures: Measures, endpoint: str, call_site: str, tally: Tally, samples: int) -> Finding:
    processor_time = _processor_time(measures, endpoint)
    share = tally.samples / samples
    low, high = wilson(tally.samples, samples)
    library = tally.called.most_common(1)
    mostly = f", most of it in {library[0][0]}" if library and 2 * library[0][1] >= tally.samples else ""
    caveats = [Caveat("up to all of the function's processor time; what remains of it after the change is not known")]
    intended = SLOW_BY_INTENT.search(call_site + mostly) is not None
    if intended:
        caveats.append(Caveat("hashing a password is slow by intent: leave it if that is what it does"))
    return Finding(
        rule=RULE,
        where=endpoint,
        level=Level.HINT if intended else Level.MEASURED,
        message=(
            f"{endpoint}: {show_share(share)} of the processor time is spent in {call_site}{mostly}: "
            f"up to {show_time(share * processor_time)} per request"
        ),
        saving=share * processor_time,
        saving_interval=(low * processor_time, high * processor_time),
        call_site=call_site,
        exhibits=(_parts(tally, samples, processor_time), _deepest(tally)),
        caveats=tuple(caveats),
        fix=RULE.fix_for(measures.frameworks),
    )


def _parts(tally: Tally, samples: int, processor_time: float) -> Exhibit:
    parts = [("its own lines", tally.own), *tally.called.most_common(5)]
    return Exhibit(
        "where in the function",
        pl.DataFrame(
            [
                {
                    "part": part,
                    "samples": count,
                    "samples_share": count / samples,
                    "processor_time": count / samples * processor_time,
                }
                for part, count in parts
            ]
        ),
    )


def _deepest(tally: Tally) -> Exhibit:
    return Exhibit(
        "most frequent stacks",
        pl.DataFrame([{"samples": count, "stack": " > ".join(stack[-8:])} for stack, count in tally.stacks.most_common(3)]),
    )
