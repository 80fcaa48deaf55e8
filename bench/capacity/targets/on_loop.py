"""The bench's target as an ASGI application, for uvicorn: what computes keeps the event loop, what waits lets others run."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bench.capacity.targets.parts import PARTS, SIZE, SLEEP, compute

pool: "AsyncConnectionPool[Any] | None" = None


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncGenerator[None]:
    """A pool belongs to the loop on which it was opened."""
    global pool  # noqa: PLW0603  one application, one pool
    if "DATABASE" not in os.environ:
        yield
        return
    async with AsyncConnectionPool(os.environ["DATABASE"], min_size=SIZE, max_size=SIZE, name="orders", timeout=60) as opened:
        pool = opened
        yield


async def visit(_: Request) -> PlainTextResponse:
    for name, took in PARTS:
        if name == "compute":
            compute(took)
        elif name == "sleep":
            await asyncio.sleep(took)
        elif name == "pool" and pool is not None:
            async with pool.connection() as connection:
                await connection.execute(SLEEP, (took,))
    return PlainTextResponse("ok")


async def ready(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


application = Starlette(routes=[Route("/", visit), Route("/ready", ready)], lifespan=lifespan)
