"""What was bought."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from shop_async.account import customer_id
from shop_async.storage import rows

routes = APIRouter()

MINE = """
SELECT orders.id, orders.placed, sum(order_lines.quantity * order_lines.price) AS total
FROM orders JOIN order_lines ON order_lines.order_id = orders.id
WHERE orders.customer_id = %s GROUP BY orders.id ORDER BY orders.id DESC LIMIT 20
"""


@routes.get("/orders")
async def orders(customer: Annotated[int, Depends(customer_id)]) -> dict[str, Any]:
    return {"items": await rows(MINE, [customer])}
