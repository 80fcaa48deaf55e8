"""What was counted, compared without statistics: only numbers that are constant within each version, place by place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from perfkit.compare.change import Change
from perfkit.compare.pairs import SIDES

# Numbers that a version either changed or did not. A request of the deck is compared when all rounds of both agree.
EXACT: Final = ("status", "body", "bytes", "statements", "rows", "connects", "outbound")
# So many requests of the deck have to differ (all, where there are fewer): one alone may have met a timer or a cache's end.
FEWEST: Final = 2
# Numbers that a thread in the background may touch: the lowest of the rounds counts, if another round came that close, and most
# requests have to differ by more than the second figure, in shares. Of a version against itself the lowest of three rounds
# differed by up to 1.1 % in what was allocated, and by 2.1 % in what there was at once (24 requests of bench/compare/service).
ROUGH: Final = {
    "calls": ("calls", 0.001, 0.005),
    "allocated": ("allocations", 0.015, 0.03),
    "peak": ("peak_memory", 0.05, 0.10),
}
MOST: Final = 0.5
# Longer statements are cut where they are told.
LONGEST_TEXT: Final = 160
# Different statements, or parts of an answer, that a sentence names.
NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement of an endpoint: how often per request, and the place that issues it."""

    endpoint: str
    text: str
    base: float
    head: float
    base_site: str
    head_site: str


@dataclass(frozen=True, slots=True)
class Places:
    """What a place of the table stands for, in words, and how many of an endpoint's have to differ."""

    name: str = "requests of the deck"
    fewest: int = FEWEST


DECK: Final = Places()


@dataclass(frozen=True, slots=True)
class _Where:
    text: str
    is_everywhere: bool


def changes(
    table: pl.DataFrame, shapes: Sequence[Shape], apart: Mapping[str, tuple[str, ...]], places: Places = DECK
) -> tuple[Change, ...]:
    """Every counter that changed, by endpoint; `apart` names the parts of answers that differ."""
    return tuple(_all(table, shapes, apart, places))


def _all(table: pl.DataFrame, shapes: Sequence[Shape], apart: Mapping[str, tuple[str, ...]], of: Places) -> Iterator[Change]:
    for (name,), rows in table.group_by("endpoint", maintain_order=True):
        endpoint = str(name)
        for counter in EXACT:
            places = _exact(rows, counter)
            if places.height >= min(of.fewest, _places(rows)) and places.height:
                yield _change(endpoint, counter, places, shapes, apart, _where(rows, places, of))
        for column, (counter, near, least) in ROUGH.items():
            comparable = _rough(rows, column, near)
            places = comparable.filter((pl.col("head") / pl.col("base") - 1).abs() > least)
            rising = places.filter(pl.col("head") > pl.col("base")).height
            if max(rising, places.height - rising) > MOST * _places(rows):
                yield _change(endpoint, counter, places, shapes, apart, _where(rows, places, of))


def _where(rows: pl.DataFrame, places: pl.DataFrame, of: Places) -> _Where:
    return _Where(f"in {places.height} of {_places(rows)} {of.name}", is_everywhere=places.height == _places(rows))


def _places(rows: pl.DataFrame) -> int:
    """Requests of the deck that both versions were asked."""
    return rows["place"].n_unique()


def _exact(rows: pl.DataFrame, counter: str) -> pl.DataFrame:
    """Both counts of each request that is constant within both versions and differs between them."""
    column = pl.col(counter)
    return _side_by_side(
        rows.group_by("side", "place").agg(
            value=pl.when((column.n_unique() == 1) & column.is_not_null().all()).then(column.first()).otherwise(None)
        )
    ).filter(pl.col("base") != pl.col("head"))


def _rough(rows: pl.DataFrame, counter: str, near: float) -> pl.DataFrame:
    """Both counts of each request whose lowest count is confirmed by another round."""
    ordered = pl.col(counter).sort()
    lowest, next_ = ordered.get(0, null_on_oob=True), ordered.get(1, null_on_oob=True)
    return _side_by_side(
        rows.filter(pl.col(counter).is_not_null())
        .group_by("side", "place")
        .agg(value=pl.when(next_ <= lowest * (1 + near)).then(lowest).otherwise(None))
    ).filter(pl.col("base") > 0)


def _side_by_side(values: pl.DataFrame) -> pl.DataFrame:
    sides = [
        values.filter(pl.col("side").cast(pl.String) == name).select("place", pl.col("value").alias(name)).drop_nulls()
        for name in SIDES
    ]
    return sides[0].join(sides[1], on="place", how="inner").sort("place")


def _change(
    endpoint: str,
    counter: str,
    places: pl.DataFrame,
    shapes: Sequence[Shape],
    apart: Mapping[str, tuple[str, ...]],
    where: _Where,
) -> Change:
    if counter == "body":
        return Change(endpoint, counter, "one answer", "another", _differing(apart.get(endpoint, ()), where.text))
    base, head = (_typical(places[name], counter) for name in SIDES)
    detail = "" if where.is_everywhere else where.text
    if counter in ("statements", "rows"):
        detail = "; ".join(filter(None, (_told(endpoint, shapes), detail)))
    return Change(endpoint, counter, base, head, detail)


def _typical(values: pl.Series, counter: str) -> int | float:
    """The commonest status, the mean of anything else."""
    if counter == "status":
        return int(values.mode().sort()[0])
    mean = values.cast(pl.Float64).mean()
    assert isinstance(mean, float)
    return int(mean) if mean.is_integer() else round(mean, 2)


def _differing(paths: tuple[str, ...], where: str) -> str:
    more = f" and {len(paths) - NAMED} more parts" if len(paths) > NAMED else ""
    named = f"{', '.join(paths[:NAMED])}{more} differ, " if paths else ""
    return f"{named}{where}"


def _told(endpoint: str, shapes: Sequence[Shape]) -> str:
    """What is new, gone, or issued more or less often: the largest changes first."""
    own = [one for one in shapes if one.endpoint == endpoint and one.base != one.head]
    own.sort(key=lambda one: -abs(one.head - one.base))
    said = [_sentence(one) for one in own[:NAMED]]
    if len(own) > NAMED:
        said.append(f"{len(own) - NAMED} statements more changed")
    return "; ".join(said)


def _sentence(shape: Shape) -> str:
    text = shape.text if len(shape.text) <= LONGEST_TEXT else f"{shape.text[:LONGEST_TEXT]}…"
    site = (shape.head_site if shape.head > shape.base else shape.base_site) or shape.head_site or shape.base_site
    place = f" at {site}" if site else ""
    if not shape.base:
        return f"new: {text}{place}"
    if not shape.head:
        return f"gone: {text}{place}"
    return f"{shape.base:g} → {shape.head:g} times: {text}{place}"


def shapes(table: pl.DataFrame, statements: Mapping[str, pl.DataFrame]) -> tuple[Shape, ...]:
    """How often each endpoint issues each statement per request, by the statements (id, text, site) of each version."""
    sides = [_per_request(table, statements[name], name) for name in SIDES]
    both = sides[0].join(sides[1], on=("endpoint", "text"), how="full", coalesce=True).sort("endpoint", "text")
    return tuple(
        Shape(
            row["endpoint"],
            row["text"],
            round(row["base"] or 0.0, 3),
            round(row["head"] or 0.0, 3),
            row["base_site"] or "",
            row["head_site"] or "",
        )
        for row in both.iter_rows(named=True)
    )


def _per_request(table: pl.DataFrame, statements: pl.DataFrame, side: str) -> pl.DataFrame:
    own = table.filter(pl.col("side").cast(pl.String) == side).select("id", pl.col("endpoint").cast(pl.String))
    asked = own.group_by("endpoint").agg(asked=pl.len())
    site = pl.col("site").filter(pl.col("site") != "")
    return (
        statements.join(own, on="id", how="inner")
        .group_by("endpoint", "text")
        .agg(issued=pl.len(), site=site.mode().sort().first())
        .join(asked, on="endpoint", how="left")
        .select("endpoint", "text", (pl.col("issued") / pl.col("asked")).alias(side), pl.col("site").alias(f"{side}_site"))
    )
