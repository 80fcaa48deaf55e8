"""A small service on Flask and SQLite for benches to plant changes in: an order, what is in stock, what it would cost."""

import sqlite3
import threading
import time

import settings
import store
from flask import Flask, Response, jsonify

app = Flask(__name__)
POOL = store.Pool(settings.CONNECTIONS)
RATES = [3, 5, 7, 11]
TURN = threading.Lock()


def spin(rounds: int) -> int:
    total = 1
    for number in range(rounds):
        total = (total * 31 + number) % 65_521
    return total


def partner() -> None:
    """Another service that takes its time."""
    time.sleep(settings.PARTNER)


def rows(connection: sqlite3.Connection, number: int) -> list[tuple[str, int]]:
    return connection.execute("SELECT product, price FROM lines WHERE order_id = ?", (number,)).fetchall()


@app.get("/orders/<int:number>")
def order(number: int) -> Response:
    said: dict[str, object] = {"id": number}
    with POOL.connection() as connection:
        said["customer"] = connection.execute("SELECT customer FROM orders WHERE id = ?", (number,)).fetchone()[0]
        said["lines"] = [{"product": product, "price": price} for product, price in rows(connection, number)]
    said["seal"] = spin(settings.ROUNDS)
    return jsonify(said)


@app.get("/stock/<int:number>")
def stock(number: int) -> Response:
    said: dict[str, object] = {"id": number}
    with POOL.connection() as connection:
        said["lines"] = len(rows(connection, number))
        partner()
    said["seal"] = spin(settings.ROUNDS)
    return jsonify(said)


@app.get("/quotes/<int:number>")
def quote(number: int) -> Response:
    said: dict[str, object] = {"id": number}
    with POOL.connection() as connection:
        said["total"] = sum(price for _, price in rows(connection, number))
    with TURN:
        said["rate"] = RATES[number % len(RATES)]
    partner()
    said["seal"] = spin(settings.ROUNDS)
    return jsonify(said)
