"""Who is shopping."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Header, HTTPException
from pydantic import BaseModel
from shop_async.storage import rows

routes = APIRouter()

ROUNDS = 400_000


class Credentials(BaseModel):
    email: str
    password: str


@routes.post("/login")
async def login(credentials: Credentials) -> dict[str, object]:
    found = await rows("SELECT id, name, password FROM customers WHERE email = %s", [credentials.email])
    hash_password(credentials.password)
    if not found or found[0]["password"] != hashlib.sha256(f"store:{credentials.password}".encode()).hexdigest():
        raise HTTPException(401)
    return {"token": f"customer-{found[0]['id']}", "name": found[0]["name"]}


def hash_password(password: str) -> str:
    # Planted (blocked-event-loop): a slow hash, on the event loop.
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"store", ROUNDS).hex()


def customer_id(authorization: str = Header(default="")) -> int:
    token = authorization.removeprefix("Bearer customer-")
    if not token.isdigit():
        raise HTTPException(401)
    return int(token)
