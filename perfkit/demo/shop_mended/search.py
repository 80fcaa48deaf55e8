"""Finding something to buy."""

from __future__ import annotations

from functools import lru_cache

from flask import Blueprint, Response, jsonify, request
from shop.search import distance
from shop.storage import session
from shop_mended.storage import kept
from sqlalchemy import select, text
from store.tables import Product

routes = Blueprint("search", __name__)

MATCHING = text(
    "SELECT products.id, products.name FROM words JOIN products ON products.id = words.rowid"
    " WHERE words.about MATCH :phrase ORDER BY products.price, products.id LIMIT 20"
)


@routes.get("/search")
def search() -> Response:
    words = request.args["q"]
    return jsonify(items=kept(f"search {words}", lambda: matching(words)))


def matching(words: str) -> list[dict[str, object]]:
    phrase = words.replace('"', '""')
    return [{"id": row.id, "name": row.name} for row in session().execute(MATCHING, {"phrase": f'"{phrase}"'})]


@routes.get("/suggest")
def suggest() -> Response:
    names = kept("names", lambda: tuple(session().scalars(select(Product.name).where(Product.id <= 800).order_by(Product.id))))
    return jsonify(items=closest(request.args["q"], names))


@lru_cache(maxsize=4_096)
def closest(word: str, names: tuple[str, ...]) -> list[str]:
    return sorted(names, key=lambda name: (distance(word, name), name))[:5]
