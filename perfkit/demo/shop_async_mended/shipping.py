"""What it costs to send: two partners are asked, over HTTP, at once."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from shop_async.shipping import ask

routes = APIRouter()


@routes.get("/quote/{product_id}")
async def quote(product_id: int) -> dict[str, Any]:
    carrier, duty = await asyncio.gather(ask(f"/carrier/{product_id}"), ask(f"/duty/{product_id}"))
    return {"id": product_id, "carriage": carrier["price"], "duty": duty["price"]}
