"""The shop with its faults mended: the same answers, what docs/shop.md calls planted is gone."""

from __future__ import annotations

import gzip
import os

from flask import Flask, Response, request
from shop import account
from shop_mended import catalogue, orders, search, storage

# Below one packet nothing is won.
WORTH_COMPRESSING = 1_400


def create_app() -> Flask:
    app = Flask(__name__)
    storage.connect(app, os.environ.get("DATABASE_URL", "sqlite:///shop-mended.db"))
    for room in (account, catalogue, search, orders):
        app.register_blueprint(room.routes)
    app.after_request(compressed)

    @app.get("/healthz")
    def health() -> dict[str, bool]:
        return {"ok": True}

    return app


def compressed(response: Response) -> Response:
    body = response.get_data()
    if len(body) >= WORTH_COMPRESSING and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(body, 4))
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
    return response
