"""One pool of connections per process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

DATABASE_URL = os.environ["DATABASE_URL"]

pool = AsyncConnectionPool(DATABASE_URL, min_size=4, max_size=8, open=False, kwargs={"row_factory": dict_row})


@asynccontextmanager
async def open_pool() -> AsyncIterator[None]:
    async with pool:
        yield


async def rows(statement: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
    async with pool.connection() as connection:
        cursor = await connection.execute(statement, values)
        return await cursor.fetchall()
