"""The two partners that the asynchronous shop asks: each takes 20 ms to answer."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/{partner}/{product_id}")
async def price(partner: str, product_id: int) -> dict[str, int]:
    await asyncio.sleep(0.02)
    return {"price": (product_id * len(partner)) % 900 + 100}
