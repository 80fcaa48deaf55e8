"""A secret is nowhere: not in the run directory, not in what is printed, in none of the forms that it travels in."""

import base64
import html
import json
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import polars as pl
import pytest

REPOSITORY = Path(__file__).parents[2]
# What has a form of its own in a URL, in JSON, in HTML and in base64.
SECRET = 'S3cr3t/+"&<kärn>= %x\\y'
# Says everything back: in answers, in errors, in its log, in a header that is kept.
APPLICATION = """
    import json, os, sys
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    print("started with", os.environ["SHOP_KEY"], file=sys.stderr, flush=True)

    def application(environ, start_response):
        told = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        said = {key: value for key, value in environ.items() if isinstance(value, str)} | {"told": told}
        print(environ["PATH_INFO"], environ["QUERY_STRING"], environ.get("HTTP_X_KEY"), told, file=sys.stderr, flush=True)
        status = "500 Oops" if environ["PATH_INFO"].startswith("/broken") else "200 OK"
        body = json.dumps(said).encode()
        key = environ.get("HTTP_X_KEY", "")
        headers = [("Content-Type", f"application/json; key={key}"), ("X-Said", key), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]

    WSGIRequestHandler.log_message = lambda *_: None
    make_server("127.0.0.1", int(sys.argv[1]), application).serve_forever()
"""
SCENARIO = """
    perfkit: 1
    name: shop
    target:
      base_url: http://127.0.0.1:{port}
      launch:
        command: [python, app.py, "{port}"]
        env: {{SHOP_KEY: "${{secret.KEY}}"}}
    http:
      headers: {{X-Api: "${{secret.PLAIN}}"}}
    flows:
      everywhere:
        - post: /orders/${{secret.PLAIN}}?key=${{secret.KEY}}
          headers: {{X-Key: "${{secret.PLAIN}}"}}
          json: {{key: "${{secret.KEY}}", list: ["a ${{secret.KEY}} b"]}}
        - get: /broken
          params: {{token: "${{secret.KEY}}"}}
          expect: {{contains: "not there ${{secret.KEY}}", status: 200}}
        - post: /form
          form: {{key: "${{secret.KEY}}"}}
          expect: {{json: {{$.told: "${{secret.KEY}}"}}}}
          extract: {{missing: "regex:nothing (x)"}}
    load: [{{rate: 20/s, for: 2s}}]
    profiling: {{for: 2s}}
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free: int = listener.getsockname()[1]
        return free


def forms_of(secret: str) -> Iterator[bytes]:
    """As it is; in a URL; in JSON, with escapes and without; in HTML; in base64, wherever it begins in its three bytes."""
    yield secret.encode()
    yield secret.encode("latin-1")
    yield from (quote(secret).encode(), quote(secret, safe="").encode(), quote_plus(secret).encode())
    yield from (json.dumps(secret, ensure_ascii=ascii_only)[1:-1].encode() for ascii_only in (True, False))
    yield html.escape(secret).encode()
    yield repr(secret)[1:-1].encode()
    for skipped in range(3):
        # The whole groups of three bytes that hold nothing but the secret.
        part = secret.encode()[skipped:]
        yield base64.b64encode(part[: len(part) // 3 * 3])


def everything_in(directory: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(directory)), path.read_bytes()
            if path.suffix == ".parquet":  # compressed: what a reader sees
                yield (
                    f"{path.name} (read)",
                    json.dumps(pl.read_parquet(path).to_dicts(), default=str, ensure_ascii=False).encode(),
                )


def leaks(things: dict[str, bytes], *secrets: str) -> list[str]:
    forms = [(secret, form) for secret in secrets for form in dict.fromkeys(forms_of(secret))]
    return [f"{name}: {form!r}" for name, content in things.items() for _, form in forms if form in content]


def test_a_secret_is_in_nothing_that_a_run_leaves(tmp_path: Path, port: int) -> None:
    (tmp_path / "app.py").write_text(textwrap.dedent(APPLICATION))
    (tmp_path / "shop.yaml").write_text(textwrap.dedent(SCENARIO).format(port=port))
    plain = "t0k3n-of-the-shop"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "KEY": SECRET, "PERFKIT_SECRET_PLAIN": plain}
    line = [sys.executable, "-m", "perfkit", "--debug", "run", "shop.yaml", "--out", "reports"]

    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, timeout=120, check=False)

    assert done.returncode in (1, 7), done.stderr.decode()
    found = dict(everything_in(tmp_path / "reports"))
    assert {name.rpartition("/")[2] for name in found} >= {"run.json", "samples.parquet", "target.log", "report.html"}
    assert b"started with ***" in next(content for name, content in found.items() if name.endswith("target.log"))
    assert leaks({**found, "stdout": done.stdout, "stderr": done.stderr}, SECRET, plain) == []


def test_a_dry_run_and_its_failures_show_no_secret(tmp_path: Path, port: int) -> None:
    (tmp_path / "app.py").write_text(textwrap.dedent(APPLICATION))
    (tmp_path / "shop.yaml").write_text(textwrap.dedent(SCENARIO).format(port=port))
    plain = "t0k3n-of-the-shop"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "KEY": SECRET, "PERFKIT_SECRET_PLAIN": plain}
    line = [sys.executable, "-m", "perfkit", "check", "shop.yaml"]

    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)

    assert done.returncode == 1, done.stderr.decode()
    assert b"went wrong" in done.stdout
    assert leaks({"stdout": done.stdout, "stderr": done.stderr}, SECRET, plain) == []


def test_the_search_finds_every_form() -> None:
    for form in dict.fromkeys(forms_of(SECRET)):
        assert leaks({"file": b"before " + form + b" after"}, SECRET) != []
    for before in ("", "a", "ab"):
        assert leaks({"file": base64.b64encode(f"{before}{SECRET} after".encode())}, SECRET) != []
