"""By which columns a statement narrows its tables down: what an index could serve."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from perfkit.measures import shapes

EQUALITIES: Final = (exp.EQ, exp.In, exp.Is, exp.NullSafeEQ)
RANGES: Final = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
PATTERNS: Final = (exp.Like, exp.ILike)


@dataclass(frozen=True, slots=True)
class Predicates:
    """The columns of one table in WHERE, ON and ORDER BY, in the order in which they stand."""

    table: str
    equalities: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    unindexable: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    equalities: dict[str, None] = field(default_factory=dict[str, None])
    ranges: dict[str, None] = field(default_factory=dict[str, None])
    ordered: dict[str, None] = field(default_factory=dict[str, None])
    unindexable: dict[str, None] = field(default_factory=dict[str, None])


def by_table(text: str) -> Mapping[str, Predicates]:
    """By alias (and by name where there is no alias), in lower case; nothing for what cannot be parsed."""
    tree = shapes.tree(text)
    if tree is None:
        return {}
    names = {table.alias_or_name.lower(): table.name for table in tree.find_all(exp.Table) if table.name}
    found = {alias: _Found() for alias in names}
    for clause in (*tree.find_all(exp.Where), *tree.find_all(exp.Join)):
        for predicate in _narrowing(clause):
            _note(predicate, found)
    for order in tree.find_all(exp.Order):
        select = order.parent
        # What is grouped is read as a whole before it is put in order.
        if isinstance(select, exp.Select) and select.args.get("limit") is not None and select.args.get("group") is None:
            _note_order(order, found)
    return {
        alias: Predicates(names[alias], tuple(own.equalities), tuple(own.ranges), tuple(own.ordered), tuple(own.unindexable))
        for alias, own in found.items()
    }


def _narrowing(clause: exp.Expr) -> Iterator[exp.Expr]:
    """Conditions that all have to hold; what stands under an OR or a NOT narrows nothing that one index could serve."""
    condition = clause.args.get("on") if isinstance(clause, exp.Join) else clause.this
    if not isinstance(condition, exp.Expr):
        return
    for part in condition.flatten() if isinstance(condition, exp.And) else (condition,):
        plain = part.unnest()
        if isinstance(plain, exp.And):
            yield from plain.flatten()
        else:
            yield plain


def _note(predicate: exp.Expr, found: Mapping[str, _Found]) -> None:
    if not isinstance(predicate, (*EQUALITIES, *RANGES, *PATTERNS)):
        return
    sides = (
        [predicate.this] if isinstance(predicate, exp.In | exp.Between) else [predicate.this, predicate.args.get("expression")]
    )
    for side in sides:
        column = _column_of(side)
        own = None if column is None else _owner(column, found)
        if column is None or own is None:
            continue
        why = _why_unindexable(predicate, side)
        if why:
            own.unindexable[why] = None
        elif isinstance(predicate, EQUALITIES):
            own.equalities[column.name] = None
        else:
            own.ranges[column.name] = None


def _note_order(order: exp.Order, found: Mapping[str, _Found]) -> None:
    for term in order.expressions:
        column = term.this if isinstance(term, exp.Ordered) else term
        own = _owner(column, found) if isinstance(column, exp.Column) else None
        if own is None:
            return  # an index can serve the terms before an expression, not those behind it
        own.ordered[column.name] = None


def _column_of(side: object) -> exp.Column | None:
    """The column, also of a function around it: `lower(name)`."""
    if isinstance(side, exp.Column):
        return side
    if isinstance(side, exp.Subquery | exp.Select) or not isinstance(side, exp.Expr):
        return None
    return side.find(exp.Column)


def _owner(column: exp.Column, found: Mapping[str, _Found]) -> _Found | None:
    """The table of a column; without a qualifier only a single table is sure to own it."""
    if column.table:
        return found.get(column.table.lower())
    return next(iter(found.values())) if len(found) == 1 else None


def _why_unindexable(predicate: exp.Expr, side: object) -> str:
    if not isinstance(side, exp.Column):
        return f"a function stands around the column: {side.sql() if isinstance(side, exp.Expr) else side}"
    if not isinstance(predicate, PATTERNS):
        return ""
    pattern = predicate.args.get("expression")
    if isinstance(pattern, exp.Literal) and not str(pattern.this).startswith(("%", "_")):
        return ""
    return f"the pattern may begin with a wildcard: {predicate.sql()}"
