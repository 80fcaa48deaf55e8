"""What was bought."""

from __future__ import annotations

from flask import Blueprint, Response, abort, jsonify
from shop import orders as faulty
from shop.account import customer_id
from shop.storage import session
from shop_mended.storage import kept
from sqlalchemy import func, select
from store.tables import Order, OrderLine, Product, Setting

routes = Blueprint("orders", __name__)
routes.post("/cart")(faulty.add_to_cart)
routes.post("/orders")(faulty.place_order)


@routes.get("/orders")
def orders() -> Response:
    total = func.sum(OrderLine.quantity * OrderLine.price)
    mine = (
        select(Order.id, Order.placed, total.label("total"))
        .join(Order.lines)
        .where(Order.customer_id == customer_id())
        .group_by(Order.id)
        .order_by(Order.id.desc())
        .limit(20)
    )
    return jsonify(items=[{"id": row.id, "placed": row.placed, "total": row.total} for row in session().execute(mine)])


@routes.get("/orders/<int:order_id>")
def order(order_id: int) -> Response:
    found = session().get(Order, order_id)
    if found is None:
        abort(404)
    settings = kept("settings", lambda: dict(session().execute(select(Setting.name, Setting.value)).tuples().all()))
    vat, currency = int(settings["vat"]), settings["currency"]
    lines = session().execute(
        select(OrderLine.quantity, OrderLine.price, Product.name)
        .join(Product)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.id)
    )
    shown = [
        {"name": name, "quantity": quantity, "price": price, "gross": price + price * vat // 100, "currency": currency}
        for quantity, price, name in lines
    ]
    return jsonify(id=found.id, placed=found.placed, lines=shown)
