"""The shop again, on FastAPI, psycopg and PostgreSQL, with the faults of asynchronous services planted; see docs/shop.md."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from shop_async import account, catalogue, orders, shipping, storage


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with storage.open_pool(), shipping.open_client():
        yield


app = FastAPI(lifespan=lifespan)
for room in (account, catalogue, orders, shipping):
    app.include_router(room.routes)


@app.get("/healthz")
async def health() -> dict[str, bool]:
    return {"ok": True}
