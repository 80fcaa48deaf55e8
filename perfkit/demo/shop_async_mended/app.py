"""The asynchronous shop with its faults mended: the same answers, what docs/shop.md calls planted is gone."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from shop_async.app import lifespan
from shop_async_mended import account, catalogue, orders, shipping

app = FastAPI(lifespan=lifespan)
app.add_middleware(GZipMiddleware, minimum_size=1_400, compresslevel=4)
for room in (account, catalogue, orders, shipping):
    app.include_router(room.routes)


@app.get("/healthz")
async def health() -> dict[str, bool]:
    return {"ok": True}
