"""What was bought."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify
from shop import orders as faulty
from shop.account import customer_id
from shop.storage import session
from sqlalchemy import select
from store.tables import Order, OrderLine, Product

routes = Blueprint("orders", __name__)
routes.post("/cart")(faulty.add_to_cart)
routes.post("/orders")(faulty.place_order)


@routes.get("/orders")
def orders() -> Response:
    mine = select(Order.id, Order.placed).where(Order.customer_id == customer_id()).order_by(Order.id.desc()).limit(20)
    shown = {row.id: {"id": row.id, "placed": row.placed, "total": 0, "items": []} for row in session().execute(mine)}
    # One more statement for the lines of all of them, with the names of their products.
    lines = select(OrderLine.order_id, OrderLine.quantity * OrderLine.price, Product.name).join(Product)
    for order_id, total, name in session().execute(lines.where(OrderLine.order_id.in_(shown)).order_by(OrderLine.id)):
        shown[order_id]["total"] += total
        shown[order_id]["items"].append(name)
    return jsonify(items=list(shown.values()))


@routes.get("/orders/<int:order_id>")
def order(order_id: int) -> Response:
    found = session().get(Order, order_id)
    if found is None:
        abort(404)
    percent = faulty.discount()
    lines = session().execute(
        select(OrderLine.quantity, OrderLine.price, Product.name)
        .join(Product)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.id)
    )
    shown = [
        {
            "name": name,
            "quantity": quantity,
            "price": price,
            "reduced": price * (100 - percent) // 100,
            "saved": price * percent // 100,
            "percent": percent,
        }
        for quantity, price, name in lines
    ]
    return jsonify(id=found.id, placed=found.placed, lines=shown)
