"""What stands behind the answers: deciles, every block, every restart, and the base against itself."""

from perfkit.compare.comparison import Compared, Comparison, Detail, as_shares, share
from perfkit.compare.metric import SERVER_TIME
from perfkit.page import Band, Block, Chart, Column, Fold, Section, Series, Table, Text
from perfkit.units import show_share

MOST: int = 12  # endpoints whose blocks are drawn; the others stand in comparison.json


def section(comparison: Comparison) -> Section:
    folds: tuple[Block, ...] = tuple(
        Fold(f"{detail.endpoint}: deciles and blocks", (*_shift(detail), _blocks(test, detail)), open=place == 0)
        for place, detail in enumerate(comparison.details[:MOST])
        if (test := comparison.of(detail.endpoint, SERVER_TIME)) is not None
    )
    if not folds:
        return Section("Evidence", (Text("No times were compared."),))
    more = len(comparison.details) - MOST
    rest = (Text(f"Blocks of {more} more endpoints stand in comparison.json and pairs.parquet."),) if more > 0 else ()
    return Section("Evidence", (*folds, *rest, _restarts(comparison), _self_checks(comparison)))


def _shift(detail: Detail) -> tuple[Chart, ...]:
    if not detail.shifts:
        return ()
    ratios = [as_shares(one.ratio) for one in detail.shifts]
    series = Series(
        "change",
        tuple(one.share * 100 for one in detail.shifts),
        tuple(one.value for one in ratios),
        tuple(one.low for one in ratios),
        tuple(one.high for one in ratios),
    )
    note = "Level: all requests became slower alike. Rising: the slow ones did. Each interval holds for its own decile, at 95 %."
    return (Chart("Change by decile of server time", "intervals", "percentile", "head to base", "change", (series,), note=note),)


def _blocks(test: Compared, detail: Detail) -> Chart:
    ratios = test.series.ratios
    series = Series(
        "block", tuple(float(block) for block in ratios.blocks), tuple(share(float(ratio)) for ratio in ratios.ratios)
    )
    return Chart(
        "Change in every block", "intervals", "block", "head to base", "change", (series,), _bands(detail),
        note="A block is a second or so of requests to both versions in random order; bands are restarts of both.",
    )  # fmt: skip


def _bands(detail: Detail) -> tuple[Band, ...]:
    bands = []
    for restart in sorted(set(detail.restarts.values())):
        blocks = [block for block, number in detail.restarts.items() if number == restart]
        bands.append(Band(f"start {restart + 1}", min(blocks) - 0.5, max(blocks) + 0.5))
    return tuple(bands)


def _restarts(comparison: Comparison) -> Table:
    columns = (Column("of", "code"), Column("start", "number"), Column("mean change", "change"), Column("blocks", "number"))
    rows = tuple(
        (detail.endpoint, restart + 1, share(mean), blocks)
        for detail in comparison.details
        for restart, mean, blocks in detail.means
    )
    note = "Processes of one version differ by 0.2 to 0.9 %; a change that only one start shows is a process, not a version."
    return Table("Means per start of both versions", columns, rows, note)


def _self_checks(comparison: Comparison) -> Table:
    columns = (
        Column("of", "code"), Column("base against itself", "change"), Column("p", "number"), Column("settled (p)", "number"),
        Column("spread of blocks", "share"),
    )  # fmt: skip
    rows = tuple(
        (
            detail.endpoint,
            None if detail.self_check is None else share(detail.self_check.difference.value),
            None if detail.self_check is None else detail.self_check.p,
            detail.drift,
            detail.block_sd,
        )
        for detail in comparison.details
    )
    note = (
        f"Odd and even blocks of the base must come out equal: the gate is disabled when p is at most {show_share(0.01)} "
        "after allowing for the number of endpoints."
    )
    return Table("Was it fit to judge", columns, rows, note)
