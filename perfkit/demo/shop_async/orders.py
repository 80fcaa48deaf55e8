"""What was bought."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from shop_async.account import customer_id
from shop_async.storage import rows

routes = APIRouter()


@routes.get("/orders")
async def orders(customer: Annotated[int, Depends(customer_id)]) -> dict[str, Any]:
    mine = await rows("SELECT id, placed FROM orders WHERE customer_id = %s ORDER BY id DESC LIMIT 20", [customer])
    return {"items": await order_summaries(mine)}


async def order_summaries(orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # Planted (n-plus-one-queries): the lines of each order are a statement of their own.
    summaries = []
    for order in orders:
        lines = await rows("SELECT quantity, price FROM order_lines WHERE order_id = %s", [order["id"]])
        summaries.append({**order, "total": sum(line["quantity"] * line["price"] for line in lines)})
    return summaries
