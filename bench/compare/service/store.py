"""The service's data: a pool of connections to SQLite, filled once before the start."""

import queue
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

PATH = "service.db"
ORDERS, LINES = 400, 6


class Pool:
    """So many connections; who wants one more waits."""

    def __init__(self, size: int) -> None:
        self._free: queue.Queue[sqlite3.Connection] = queue.Queue()
        for _ in range(size):
            self._free.put(sqlite3.connect(PATH, check_same_thread=False))

    @contextmanager
    def connection(self) -> Generator[sqlite3.Connection]:
        taken = self._free.get()
        try:
            yield taken
        finally:
            self._free.put(taken)


def fill() -> None:
    with sqlite3.connect(PATH) as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT)")
        database.execute("CREATE TABLE lines (order_id INTEGER, product TEXT, price INTEGER)")
        database.execute("CREATE INDEX of_order ON lines (order_id)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(number, f"customer {number}") for number in range(ORDERS)])
        lines = [(number, f"product {line}", 100 + line) for number in range(ORDERS) for line in range(LINES)]
        database.executemany("INSERT INTO lines VALUES (?, ?, ?)", lines)


if __name__ == "__main__":
    fill()
