"""How a search speaks: while it runs, and in its reports."""

from perfkit.compare.bisect.answer import Answer, Made, Suspect, Verdict
from perfkit.compare.bisect.crossing import Crossing, Mark
from perfkit.compare.bisect.difference import Difference, interval
from perfkit.compare.bisect.line import Line
from perfkit.compare.bisect.search import Search, Stretch, Wanted
from perfkit.compare.comparison import as_shares, share
from perfkit.compare.pages.words import interval as between
from perfkit.stats.interval import Estimate
from perfkit.units import show_change, show_number, show_share, show_time

DAY = len("2026-11-23")
FIGURES = {"server_time": "server time", "server_time_mean": "mean server time", "server_time_p95": "p95 of server time"}


def of_line(line: Line) -> str:
    """`64 commits from v1 (4f2c1e0) to main (0a1b2c3)`."""
    count = len(line.commits)
    undone = line.between - count
    more = f"; {commits(undone)} left out that changed nothing in the end" if undone else ""
    skipped = f"; {commits(len(line.skipped))} not to be probed" if line.skipped else ""
    return f"{commits(count)} from {line.good.shown} to {line.bad.shown}{more}{skipped}"


def commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{show_number(count)} commits"


def by_counter(sought: Mark) -> str:
    return f"by a counter: {sought.endpoint}: {sought.counter} {levels(sought)}, which needs no statistics"


def levels(sought: Mark) -> str:
    """`3 → 14`; of an answer that differs, that it does."""
    if (sought.good, sought.bad) == (0.0, 1.0) and sought.counter in {"body", "exists"}:
        return "differs"
    return f"{show_number(sought.good)} → {show_number(sought.bad)}"


def by_time(found: Difference) -> str:
    return f"by time: {figure(found.endpoint, found.metric)} of BAD is {changed(found.interval)}"


def figure(endpoint: str, metric: str) -> str:
    return f"{FIGURES.get(metric, metric)} of {endpoint}"


def changed(log_ratio: Estimate) -> str:
    """`+5.1 % [+4.6 %, +5.6 %]`."""
    shares = as_shares(log_ratio)
    return f"{show_change(shares.value)} {between(shares)}"


def timed(made: Made, search: Search, line: Line) -> str:
    """What a probe came to, and what it made of the search."""
    value = show_change(share(made.value))
    error = show_change(share(made.error)).lstrip("+")
    odd = "; one step does not explain the probes, so two are thought of" if search.is_widened else ""
    return f"{line.at(made.place).short}: {value} ± {error}; likeliest: {stretch(search.top, line)}{odd}"


def stretch(top: Stretch, line: Line) -> str:
    """`4f2c1e0 Faster orders (93 %)`."""
    named = line.at(top.end).shown if top.start == top.end else f"{line.at(top.start).short} to {line.at(top.end).short}"
    return f"{named} ({show_share(top.probability)})"


def still(search: Search, wanted: Wanted, answer: Answer) -> str:
    """`, about 5 more, 4 min`."""
    count = search.remaining(wanted)
    new = [one.lasted for one in answer.made]
    time = f", {show_time(count * sum(new) / len(new))}" if new else ""
    return f" (about {count} more{time})"


def counted(made: Made, crossing: Crossing, line: Line) -> str:
    left = crossing.high - crossing.low
    first, last = line.at(crossing.low + 1), line.at(crossing.high)
    rest = f"it is {first.shown}" if left == 1 else f"{commits(left)} left, {first.short} to {last.short}"
    return f"{line.at(made.place).short}: {crossing.sought.counter} {show_number(made.value)}; {rest}"


def verdict(answer: Answer) -> str:
    """The answer in one sentence."""
    top = answer.top
    match answer.verdict:
        case Verdict.NOTHING:
            return nothing(answer)
        case Verdict.FOUND if top is not None:
            commit = answer.culprits[0]
            return f"{commit.shown} ({commit.authored_at[:DAY]}): {step(answer, top)}"
        case Verdict.RANGE if top is not None:
            first, last = answer.culprits[0], answer.culprits[-1]
            return (
                f"One of {commits(len(answer.culprits))}, {first.short} to {last.short}, which cannot be told apart since those "
                f"between could not be probed: {step(answer, top)}"
            )
        case _:
            return unfinished(answer)


def unfinished(answer: Answer) -> str:
    """How far it came; the same line again goes on from there."""
    if answer.top is None or answer.credible is None:
        return undecided(answer)
    first, last = answer.credible
    likeliest = f"likeliest {answer.line.at(answer.top.end).shown} ({show_share(answer.top.probability)})"
    row = f"one of {commits(last - first + 1)}, {answer.line.at(first).short} to {answer.line.at(last).short}"
    return f"Not found yet: {row}, {likeliest}; the same line again goes on from there"


def undecided(answer: Answer) -> str:
    """It is not even known whether there is a step."""
    if answer.whole is None:
        return "It ended before anything was known; the same line again goes on from there"
    return (
        f"Not known yet whether GOOD and BAD differ: {figure(answer.endpoint, answer.metric)} {changed(answer.whole)}; "
        "a longer --budget, or a quieter machine, would tell"
    )


def nothing(answer: Answer) -> str:
    line = answer.line
    if not line.commits:
        return f"Nothing to find: {line.good.shown} and {line.bad.shown} have the same content"
    if answer.whole is None:
        return "Nothing to find: GOOD and BAD do not differ in what was to be searched by"
    most = max(abs(share(answer.whole.low)), abs(share(answer.whole.high)))
    return (
        f"Nothing to find: GOOD and BAD do not differ: {figure(answer.endpoint, answer.metric)} {changed(answer.whole)}, "
        f"so a step is no larger than {show_share(most)}"
    )


def step(answer: Answer, top: Suspect) -> str:
    """What came with it: `server time of GET /orders +5.1 % [+4.6 %, +5.6 %], with a probability of 99.7 %`."""
    if answer.sought is not None:
        return f"{answer.sought.endpoint}: {came(answer, top)}"
    return f"{figure(answer.endpoint, answer.metric)} {changed(top.size)}, with a probability of {probability(top.probability)}"


def came(answer: Answer, top: Suspect) -> str:
    """The same without the endpoint: `statements 3 → 14, new: SELECT ...`."""
    if answer.sought is not None:
        return ", ".join(filter(None, (f"{answer.sought.counter} {levels(answer.sought)}", answer.sought.detail)))
    return (
        f"{FIGURES.get(answer.metric, answer.metric)} {changed(top.size)}, with a probability of {probability(top.probability)}"
    )


def level(made: Made) -> Estimate:
    """A probe of time with its 95 % interval, as shares."""
    return as_shares(interval(made.value, made.error))


def probability(share_: float) -> str:
    """Never 100 %: `99.97 %`."""
    return f"{100 * min(share_, 0.9999):.4g} %"
