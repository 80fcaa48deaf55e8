"""What there is to buy."""

from __future__ import annotations

from typing import Any

import psycopg
from fastapi import APIRouter, HTTPException
from shop_async.storage import DATABASE_URL, rows

routes = APIRouter()


@routes.get("/categories/{category_id}/products")
async def category_products(category_id: int, after: int = 0, limit: int | None = None) -> dict[str, Any]:
    # Planted (unbounded-list, uncompressed-response): the whole category, as it is, unless the client asks for less.
    wanted = "SELECT id, name, price FROM products WHERE category_id = %s AND id > %s ORDER BY id"
    if limit is not None:
        return {"items": await rows(wanted + " LIMIT %s", [category_id, after, limit])}
    return {"items": await rows(wanted, [category_id, after])}


@routes.get("/products/{product_id}")
async def product(product_id: int) -> dict[str, Any]:
    found = await rows("SELECT id, name, price, description FROM products WHERE id = %s", [product_id])
    if not found:
        raise HTTPException(404)
    return {**found[0], "reviews": await reviews_of(product_id)}


async def reviews_of(product_id: int) -> list[dict[str, Any]]:
    # Planted (missing-index): reviews.product_id has none.
    return await rows("SELECT stars, text FROM reviews WHERE product_id = %s ORDER BY id", [product_id])


@routes.get("/stock/{product_id}")
async def stock(product_id: int) -> dict[str, Any]:
    return {"id": product_id, "stock": await stock_of(product_id)}


async def stock_of(product_id: int) -> int:
    # Planted (connection-churn): a connection of its own for each question.
    async with await psycopg.AsyncConnection.connect(DATABASE_URL) as connection:
        cursor = await connection.execute("SELECT stock FROM products WHERE id = %s", [product_id])
        found = await cursor.fetchone()
    if found is None:
        raise HTTPException(404)
    return int(found[0])
