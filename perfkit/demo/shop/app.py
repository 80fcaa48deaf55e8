"""A small shop on Flask, SQLAlchemy and SQLite, with faults planted in it; docs/shop.md says which and where."""

from __future__ import annotations

import os

from flask import Flask
from shop import account, catalogue, orders, search, storage


def create_app() -> Flask:
    app = Flask(__name__)
    storage.connect(app, os.environ.get("DATABASE_URL", "sqlite:///shop.db"))
    for room in (account, catalogue, search, orders):
        app.register_blueprint(room.routes)

    @app.get("/healthz")
    def health() -> dict[str, bool]:
        return {"ok": True}

    return app
