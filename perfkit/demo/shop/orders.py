"""What was bought."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify, request
from shop.account import customer_id
from shop.storage import session
from sqlalchemy import delete, func, select
from store.tables import CartLine, Order, OrderLine, Product

routes = Blueprint("orders", __name__)

SEASON = 7
DEAR = 50_000


@routes.get("/orders")
def orders() -> Response:
    mine = session().scalars(select(Order).where(Order.customer_id == customer_id()).order_by(Order.id.desc()).limit(20)).all()
    return jsonify(items=[order_summary(order) for order in mine])


@routes.get("/orders/<int:order_id>")
def order(order_id: int) -> Response:
    found = session().get(Order, order_id)
    if found is None:
        abort(404)
    lines = session().execute(
        select(OrderLine.quantity, OrderLine.price, Product.name)
        .join(Product)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.id)
    )
    shown = [line_view(*line) for line in lines]
    return jsonify(id=found.id, placed=found.placed, lines=shown)


@routes.post("/cart")
def add_to_cart() -> tuple[Response, int]:
    wanted = request.get_json()
    line = CartLine(customer_id=customer_id(), product_id=wanted["product"], quantity=wanted["quantity"])
    session().add(line)
    session().commit()
    return jsonify(line=line.id), 201


@routes.post("/orders")
def place_order() -> tuple[Response, int]:
    customer = customer_id()
    cart = session().scalars(select(CartLine).where(CartLine.customer_id == customer).limit(5)).all()
    if not cart:
        abort(409)
    placed = Order(customer_id=customer, placed="2026-11-23")
    placed.lines = [OrderLine(product_id=line.product_id, quantity=line.quantity, price=100) for line in cart]
    session().add(placed)
    session().execute(delete(CartLine).where(CartLine.id.in_([line.id for line in cart])))
    session().commit()
    return jsonify(id=placed.id), 201


def order_summary(order: Order) -> dict[str, object]:
    # Planted (n-plus-one-queries): the lines of each order are a statement of their own, and the product of each line is another.
    total = sum(line.quantity * line.price for line in order.lines)
    return {"id": order.id, "placed": order.placed, "total": total, "items": [line.product.name for line in order.lines]}


def line_view(quantity: int, price: int, name: str) -> dict[str, object]:
    reduced, saved = price * (100 - discount()) // 100, price * discount() // 100
    return {"name": name, "quantity": quantity, "price": price, "reduced": reduced, "saved": saved, "percent": discount()}


def discount() -> int:
    """In percent: one for each 100 dear products of the season's category, ten at most."""
    # Planted (duplicate-queries): counted for each line of an order, three times, though it is the same for all of them.
    dear = select(func.count(Product.id)).where(Product.category_id == SEASON, Product.price > DEAR)
    return min(10, (session().scalar(dear) or 0) // 100)
