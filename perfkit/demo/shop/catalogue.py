"""What there is to buy."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request
from shop.storage import session
from sqlalchemy import func, select
from store.tables import Category, OrderLine, Product, Review

routes = Blueprint("catalogue", __name__)

# Planted (memory-growth): every page that was ever shown stays here.
viewed: list[bytes] = []


@routes.get("/")
def front() -> dict[str, object]:
    return {"categories": categories(), "bestsellers": bestsellers()}


@routes.get("/categories/<int:category_id>/products")
def category_products(category_id: int) -> Response:
    # Planted (unbounded-list, uncompressed-response): the whole category, as it is, unless the client asks for less.
    wanted = (
        select(Product)
        .where(Product.category_id == category_id, Product.id > request.args.get("after", 0, int))
        .order_by(Product.id)
    )
    if "limit" in request.args:
        wanted = wanted.limit(request.args.get("limit", 50, int))
    return jsonify(items=[summary(product) for product in session().scalars(wanted).all()])


@routes.get("/products/<int:product_id>")
def product(product_id: int) -> Response:
    found = session().get(Product, product_id)
    if found is None:
        abort(404)
    answer = jsonify({**summary(found), "description": found.description, "reviews": reviews_of(product_id)})
    viewed.append(answer.get_data() * 160)
    return answer


def summary(product: Product) -> dict[str, object]:
    return {"id": product.id, "name": product.name, "price": product.price}


def categories() -> list[dict[str, object]]:
    return [{"id": category.id, "name": category.name} for category in session().scalars(select(Category).order_by(Category.id))]


def bestsellers() -> list[dict[str, object]]:
    # Planted (repeated-reads): the same for everybody, added up from every order line for each visit.
    sold = func.sum(OrderLine.quantity)
    best = select(OrderLine.product_id, sold).group_by(OrderLine.product_id).order_by(sold.desc(), OrderLine.product_id).limit(10)
    return [{"product": product_id, "sold": count} for product_id, count in session().execute(best)]


def reviews_of(product_id: int) -> list[dict[str, object]]:
    # Planted (missing-index): reviews.product_id has none.
    found = session().scalars(select(Review).where(Review.product_id == product_id).order_by(Review.id))
    return [{"stars": review.stars, "text": review.text} for review in found]
