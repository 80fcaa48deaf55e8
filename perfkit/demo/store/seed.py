"""Fills a store with the same rows every time: 20,000 products, 60,000 reviews, 12,000 orders with 60,000 lines.

    python -m store.seed sqlite:///shop.db

A store that is already full is left as it is, so that it may stand in a scenario's `before`.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, select, text
from store.tables import Base, Category, Customer, Order, OrderLine, Product, Review, Setting

CATEGORIES = 25
PRODUCTS = 20_000
REVIEWS = 60_000
CUSTOMERS = 1_000
ORDERS = 12_000
LINES_PER_ORDER = 5

MATERIALS = ["oak", "brass", "linen", "copper", "walnut", "glass", "steel", "cotton", "marble", "amber", "cedar", "slate"]
THINGS = ["lamp", "chair", "table", "kettle", "basket", "mirror", "blanket", "clock", "shelf", "vase", "bowl", "stool"]
WORDS = [*MATERIALS, "velvet", "bamboo", "ivory", "cobalt", *THINGS, "frame", "tray", "jar", "candle"]


def password_hash(password: str) -> str:
    return hashlib.sha256(f"store:{password}".encode()).hexdigest()


def fill(engine: Engine, *, indexed: bool = False) -> None:
    """Creates and fills the tables in one transaction; does nothing when they are full already."""
    if inspect(engine).has_table("settings"):
        with engine.connect() as connection:
            if connection.execute(select(Setting.value).where(Setting.name == "currency")).scalar():
                return
    Base.metadata.create_all(engine)
    dice = random.Random(20261123)
    with engine.begin() as connection:
        for table, rows in _rows(dice):
            batch = list(rows)
            if engine.dialect.name == "postgresql":
                _copy(connection, table, batch)
                continue
            for start in range(0, len(batch), 5_000):
                connection.execute(table.__table__.insert(), batch[start : start + 5_000])
        if indexed:
            connection.execute(text("CREATE INDEX reviews_by_product ON reviews (product_id)"))
            connection.execute(text("CREATE INDEX order_lines_by_product ON order_lines (product_id, quantity)"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _copy(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    """Several times as fast as inserting."""
    columns = ", ".join(rows[0])
    cursor: Any = connection.connection.cursor()
    with cursor.copy(f"COPY {table.__tablename__} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))


def _rows(dice: random.Random) -> Iterator[tuple[Any, Iterator[dict[str, Any]]]]:
    yield Setting, iter([{"name": "currency", "value": "EUR"}, {"name": "vat", "value": "19"}])
    yield Category, ({"id": n, "name": f"{WORDS[n % 16]} things {n}"} for n in range(1, CATEGORIES + 1))
    yield Product, (_product(n, dice) for n in range(1, PRODUCTS + 1))
    yield Review, (_review(n, dice) for n in range(1, REVIEWS + 1))
    yield Customer, (_customer(n) for n in range(1, CUSTOMERS + 1))
    yield Order, (_order(n) for n in range(1, ORDERS + 1))
    yield OrderLine, (_line(n, dice) for n in range(1, ORDERS * LINES_PER_ORDER + 1))


def _product(n: int, dice: random.Random) -> dict[str, Any]:
    name = " ".join(dice.choices(WORDS, k=3))
    story = " ".join(dice.choices(WORDS, k=140))
    return {
        "id": n,
        "category_id": 1 + n % CATEGORIES,
        "name": name,
        "price": dice.randint(100, 90_000),
        "stock": 1_000_000,
        "description": story,
    }


def _review(n: int, dice: random.Random) -> dict[str, Any]:
    return {
        "id": n,
        "product_id": dice.randint(1, PRODUCTS),
        "stars": dice.randint(1, 5),
        "text": " ".join(dice.choices(WORDS, k=24)),
    }


def _customer(n: int) -> dict[str, Any]:
    return {"id": n, "email": f"customer{n}@shop.test", "name": f"Customer {n}", "password": password_hash(f"secret-{n}")}


def _order(n: int) -> dict[str, Any]:
    return {"id": n, "customer_id": 1 + n % CUSTOMERS, "placed": f"2026-{1 + n % 12:02}-{1 + n % 28:02}"}


def _line(n: int, dice: random.Random) -> dict[str, Any]:
    order = 1 + (n - 1) // LINES_PER_ORDER
    return {
        "id": n,
        "order_id": order,
        "product_id": dice.randint(1, PRODUCTS),
        "quantity": dice.randint(1, 4),
        "price": dice.randint(100, 90_000),
    }


if __name__ == "__main__":
    fill(create_engine(sys.argv[1]), indexed="--indexed" in sys.argv[2:])
