"""What there is to buy."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request
from shop.catalogue import bestsellers, categories, reviews_of, summary
from shop.storage import session
from shop_mended.storage import kept
from sqlalchemy import select
from store.tables import Product

routes = Blueprint("catalogue", __name__)

PAGE = 50


@routes.get("/")
def front() -> dict[str, object]:
    return {"categories": kept("categories", categories), "bestsellers": kept("bestsellers", bestsellers)}


@routes.get("/categories/<int:category_id>/products")
def category_products(category_id: int) -> Response:
    after, limit = request.args.get("after", 0, int), min(request.args.get("limit", PAGE, int), PAGE)
    # The columns that are shown, not the descriptions, and an order that the index on category_id already has.
    wanted = select(Product.id, Product.name, Product.price).where(Product.category_id == category_id, Product.id > after)
    rows = session().execute(wanted.order_by(Product.id).limit(limit))
    return jsonify(items=[{"id": row.id, "name": row.name, "price": row.price} for row in rows])


@routes.get("/products/<int:product_id>")
def product(product_id: int) -> Response:
    found = session().get(Product, product_id)
    if found is None:
        abort(404)
    return jsonify({**summary(found), "description": found.description, "reviews": reviews_of(product_id)})
