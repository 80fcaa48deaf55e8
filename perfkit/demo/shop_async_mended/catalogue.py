"""What there is to buy."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from shop_async.catalogue import product
from shop_async.storage import rows

routes = APIRouter()
routes.get("/products/{product_id}")(product)

PAGE = 50


@routes.get("/categories/{category_id}/products")
async def category_products(category_id: int, after: int = 0, limit: int = PAGE) -> dict[str, Any]:
    wanted = "SELECT id, name, price FROM products WHERE category_id = %s AND id > %s ORDER BY id LIMIT %s"
    return {"items": await rows(wanted, [category_id, after, min(limit, PAGE)])}


@routes.get("/stock/{product_id}")
async def stock(product_id: int) -> dict[str, Any]:
    found = await rows("SELECT stock FROM products WHERE id = %s", [product_id])
    if not found:
        raise HTTPException(404)
    return {"id": product_id, "stock": found[0]["stock"]}
