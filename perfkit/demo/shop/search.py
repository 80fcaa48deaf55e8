"""Finding something to buy."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from shop.storage import session
from sqlalchemy import func, select
from store.tables import Product

routes = Blueprint("search", __name__)


@routes.get("/search")
def search() -> Response:
    return jsonify(items=matching(request.args["q"]))


@routes.get("/suggest")
def suggest() -> Response:
    word = request.args["q"]
    names = session().scalars(select(Product.name).where(Product.id <= 800).order_by(Product.id)).all()
    return jsonify(items=sorted(names, key=lambda name: (distance(word, name), name))[:5])


def matching(words: str) -> list[dict[str, object]]:
    # Planted (slow-statement): no index serves a pattern that begins with a wildcard.
    about = func.lower(Product.name + " " + Product.description)
    found = select(Product.id, Product.name).where(about.like(f"%{words.lower()}%")).order_by(Product.price, Product.id).limit(20)
    return [{"id": product_id, "name": name} for product_id, name in session().execute(found)]


def distance(left: str, right: str) -> int:
    # Planted (hot-function): Levenshtein's distance in plain Python, for each of many names, for each key that is typed.
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
