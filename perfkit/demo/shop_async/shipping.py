"""What it costs to send: two partners are asked, over HTTP."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import APIRouter

routes = APIRouter()

PARTNERS = os.environ["PARTNERS_URL"]

_clients: list[httpx.AsyncClient] = []


@asynccontextmanager
async def open_client() -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=PARTNERS) as client:
        _clients.append(client)
        yield
        _clients.clear()


async def ask(path: str) -> dict[str, Any]:
    answer = await _clients[0].get(path)
    answer.raise_for_status()
    return answer.json()


@routes.get("/quote/{product_id}")
async def quote(product_id: int) -> dict[str, Any]:
    # Planted (sequential-awaits): neither partner needs the other's answer.
    carrier = await ask(f"/carrier/{product_id}")
    duty = await ask(f"/duty/{product_id}")
    return {"id": product_id, "carriage": carrier["price"], "duty": duty["price"]}
