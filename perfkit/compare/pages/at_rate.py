"""What the change means for users at the scenario's rate: response times by simulation, with an interval."""

from perfkit.compare.comparison import AtRate, Comparison, share
from perfkit.compare.metric import EVERY
from perfkit.compare.pairs import SIDES
from perfkit.evidence import Missing
from perfkit.page import Column, Section, Table, Text
from perfkit.units import show_rate, show_share

TITLE = "At the scenario's rate"


def section(comparison: Comparison) -> Section:
    simulated = comparison.at_rate
    if isinstance(simulated, Missing):
        return Section(TITLE, (Text(f"Not worked out: {simulated.why}."),))
    change = simulated.change
    used = f"{show_share(change.utilisation_a)} of its capacity with the base, {show_share(change.utilisation_b)} with head"
    servers = f"{simulated.servers} {'server' if simulated.servers == 1 else 'servers'}"
    where = f"{show_rate(simulated.rate)}, {servers}, {simulated.discipline}"
    if change.is_saturated:
        return Section(
            TITLE, (Text(f"At {where}, the target would be saturated: {used}. A queue without end has no percentiles."),)
        )
    columns = (
        Column("of", "code"), Column("percentile"), Column("base", "time"), Column("head", "time"),
        Column("change", "change"), Column("from", "change"), Column("to", "change"),
    )  # fmt: skip
    rows = tuple(
        (endpoint, f"p{one.share * 100:g}", one.a, one.b, share(one.ratio.value), share(one.ratio.low), share(one.ratio.high))
        for endpoint, quantiles in zip(simulated.endpoints, change.endpoints, strict=True)
        for one in quantiles
    )
    rows += tuple(
        (EVERY, f"p{one.share * 100:g}", one.a, one.b, share(one.ratio.value), share(one.ratio.low), share(one.ratio.high))
        for one in change.together
        if len(simulated.endpoints) > 1
    )
    note = (
        "Measured service times of both, queued with the same Poisson arrivals: predicted, not measured. Intervals at 95 %. "
        f"{_computing(simulated)}"
    )
    return Section(TITLE, (Table("Response times, simulated", columns, rows, note), *_check(simulated)), f"{where}: {used}.")


def _computing(simulated: AtRate) -> str:
    """How computing in turn was made computing at the rate."""
    if isinstance(simulated.computing, Missing):
        return f"Computing is taken to last as long as in turn: {simulated.computing.why}."
    base, head = simulated.computing
    return (
        f"In the windows of plain load a request computed {base:.2f} (base) and {head:.2f} (head) times as long as when asked in "
        "turn: the mean of the two is in these figures."
    )


def _check(simulated: AtRate) -> tuple[Table | Text, ...]:
    """What one window per version measured, beside what was simulated: of all endpoints together."""
    windows = simulated.windows
    if isinstance(windows, Missing):
        return (Text(f"Not checked by a window of plain load: {windows.why}."),)
    columns = (
        Column("version"), Column("percentile"), Column("simulated", "time"), Column("measured", "time"),
        Column("requests", "number"),
    )  # fmt: skip
    rows = tuple(
        (name, f"p{quantile * 100:g}", one.a if name == "base" else one.b, seen, window.requests)
        for name, window in zip(SIDES, windows, strict=True)
        for (quantile, seen), one in zip(window.response_times, simulated.change.together, strict=False)
    )
    note = "One short window of plain load per version, much noisier than the rest: its times check the size and decide nothing."
    return (Table("Checked by one window each", columns, rows, note),)
