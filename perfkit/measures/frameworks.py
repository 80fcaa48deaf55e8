"""What the target is made of, and whose code a file is."""

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from perfkit.evidence import Run

# Installed packages, the interpreter's own library (also zipped or frozen), generated code, the probe and its trampolines,
# the scripts that start a server.
FOREIGN = re.compile(
    r"(^|/)(site-packages|dist-packages)/|(^|/)lib(64)?/python\d+\.\d+t?/|python\d+\.zip|^<|(^|/)perfkit_probe/"
    r"|(^|/)sitecustomize\.py$|^$|(^|/)bin/[^/.]+$|\.(so|c|cc|cpp|h|pyx|pxd|rs)$|\.so\."
)
# Call sites are relative to their entry of sys.path: of these packages nothing else tells that they are installed.
INSTALLED = frozenset(
    """
    aiohttp aiosqlite anyio asgiref asyncpg blinker boto3 botocore certifi celery click cryptography django ecs_logging
    fastapi flask flask_sqlalchemy gevent greenlet gunicorn h11 httpcore httptools httpx hypercorn idna itsdangerous
    jinja2 markupsafe marshmallow mysql numpy orjson pandas psycopg psycopg2 psycopg_pool pydantic pydantic_core
    pyinstrument pymysql redis requests rest_framework simplejson sniffio sqlalchemy starlette tornado
    typing_extensions ujson urllib3 uvicorn uvloop watchfiles websockets werkzeug wsproto yaml
    """.split()  # noqa: SIM905  sixty quotes fewer to read
)


@lru_cache(maxsize=65536)
def is_own(file: str) -> bool:
    """The user's own code: not installed, not the standard library, not the probe."""
    path = file.replace("\\", "/")
    if FOREIGN.search(path):
        return False
    if path.startswith("/"):
        return True
    package = path.removeprefix("./").partition("/")[0].removesuffix(".py")
    return package not in INSTALLED and package not in sys.stdlib_module_names


def seen(run: Run) -> frozenset[str]:
    """Names in lower case: servers and frameworks of the serving processes, and every driver whose hook is installed."""
    names = {name for process in run.serving for key in ("server", "framework") for name in _names(process.get(key))}
    names |= {name for hook in run.hooks if _is_installed(hook) for name in _names(hook.get("name"))}
    return frozenset(names)


def _is_installed(hook: Mapping[str, Any]) -> bool:
    return hook.get("state") == "installed"


def _names(value: object) -> list[str]:
    """One name, several in one text ("starlette, fastapi 0.115") or a list of names."""
    if isinstance(value, str):
        return [word.split()[0].lower() for word in value.split(",") if word.strip()]
    if isinstance(value, list | tuple):
        return [name for item in value for name in _names(item)]
    return []
