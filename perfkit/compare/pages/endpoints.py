"""Endpoint by endpoint: every figure that was compared, its change with an interval, and the answer to it."""

from perfkit.compare.comparison import Compared, Comparison, as_shares, share
from perfkit.compare.metric import EVERY, P95, SERVER_TIME, SERVICE_TIME
from perfkit.compare.pages import words
from perfkit.compare.pages.words import finite
from perfkit.page import Chart, Column, Section, Series, Table
from perfkit.units import show_share


def section(comparison: Comparison) -> Section:
    """The table that short reports take over, then the picture, then every test."""
    return Section(
        "Endpoints",
        (_summary(comparison), _chart(comparison, "server_time"), *_bursts(comparison), _tests(comparison)),
        "A change is head's time above the base's. Intervals hold for all figures of the gate together, "
        f"at a chance of {show_share(comparison.settings.rules.alpha)} of any false alarm in the whole comparison.",
    )


def _summary(comparison: Comparison) -> Table:
    """One row per endpoint: the typical request, and the worst that anything else says."""
    columns = (
        Column("endpoint", "code"), Column("answer"), Column("base", "time"), Column("head", "time"),
        Column("change", "change"), Column("from", "change"), Column("to", "change"), Column("p95", "change"),
        Column("no slowdown beyond", "share"),
    )  # fmt: skip
    rows = []
    for test in comparison.tests:
        if test.metric != SERVER_TIME:
            continue
        p95 = comparison.of(test.endpoint, P95)
        rows.append(
            (test.endpoint, overall(comparison, test.endpoint), test.series.base, test.series.head,
             *_shares(test),
             None if p95 is None else share(p95.verdict.change.value), finite(share(test.verdict.no_slowdown_beyond)))
        )  # fmt: skip
    seen = {one.endpoint: one.seen_from for one in comparison.details}
    clock = "the client's clock" if "client" in seen.values() else "the probe's clock"
    return Table("Typical request per endpoint", columns, tuple(rows), f"Medians, by {clock}.")


def overall(comparison: Comparison, endpoint: str) -> str:
    """Of all that is gated there: one regression is one too many."""
    gated = [test for test in comparison.gated if test.endpoint == endpoint]
    outcomes = [str(test.outcome) for test in gated]
    outcomes += [str(test.verdict.outcome) for test in comparison.errors if test.endpoint == endpoint and test.gated]
    exact = [one.outcome for one in comparison.counted if one.change.endpoint == endpoint and one.gated]
    for word in ("different", "regressed"):
        if word in exact or word in outcomes:
            return word
    typical = comparison.of(endpoint, SERVER_TIME)
    return str(typical.outcome) if typical is not None else "inconclusive"


def _chart(comparison: Comparison, gate: str) -> Chart:
    tests = [test for test in comparison.tests if test.metric.gate == gate]
    return _whiskers("Change of server time", tests)


def _bursts(comparison: Comparison) -> tuple[Chart, ...]:
    tests = [test for test in comparison.tests if test.metric.gate == "burst"]
    return (_whiskers("Change under bursts", tests),) if tests else ()


def _whiskers(title: str, tests: list[Compared]) -> Chart:
    metrics = list(dict.fromkeys(test.metric for test in tests))
    series = []
    for metric in metrics:
        mine = [test for test in tests if test.metric == metric]
        shares = [as_shares(test.verdict.change) for test in mine]
        series.append(
            Series(
                metric.title,
                tuple(test.endpoint for test in mine),
                tuple(one.value for one in shares),
                tuple(finite(one.low) for one in shares),
                tuple(finite(one.high) for one in shares),
            )
        )
    return Chart(title, "intervals", "endpoint", "head to base", "change", tuple(series))


def _tests(comparison: Comparison) -> Table:
    columns = (
        Column("of", "code"), Column("figure"), Column("answer"), Column("base", "time"), Column("head", "time"),
        Column("change", "change"), Column("from", "change"), Column("to", "change"), Column("could find", "share"),
        Column("blocks", "number"), Column("more time", "time"),
    )  # fmt: skip
    rows = tuple(
        (
            test.endpoint, test.metric.title, str(test.outcome) if test.gated else f"{test.outcome} (not gated)",
            test.series.base, test.series.head, *_shares(test), finite(share(test.verdict.detectable)),
            test.verdict.blocks, None if test.more_time is None else test.more_time.likely,
        )
        for test in comparison.tests
    )  # fmt: skip
    errors = tuple(
        (one.endpoint, words.of_errors(one), str(one.verdict.outcome), None, None, one.verdict.change.value,
         one.verdict.change.low, one.verdict.change.high, None, None, None)
        for one in comparison.errors
    )  # fmt: skip
    power = show_share(comparison.settings.rules.power)
    note = f"“Could find” is the smallest change that this comparison would have found {power} of the time."
    own = [test for test in comparison.tests if test.metric == SERVICE_TIME]
    note += " Service time is the client's clock." if own else ""
    note += f" “{EVERY.capitalize()}” is the mean over them, block by block." if comparison.of(EVERY, SERVER_TIME) else ""
    return Table("Every figure", columns, (*rows, *errors), note)


def _shares(test: Compared) -> tuple[float, float | None, float | None]:
    shares = as_shares(test.verdict.change)
    return shares.value, finite(shares.low), finite(shares.high)
