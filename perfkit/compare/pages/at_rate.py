"""What the change means for users at the scenario's rate: response times by simulation, with an interval."""

from perfkit.compare.comparison import Comparison, share
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
    note = "Measured service times of both, queued with the same Poisson arrivals: predicted, not measured. Intervals at 95 %."
    return Section(TITLE, (Table("Response times, simulated", columns, rows, note),), f"{where}: {used}.")
