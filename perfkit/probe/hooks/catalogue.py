"""Every hook there is: the module whose import triggers it, and the file of this room that holds it."""

# Drivers before the mappers that ask whether a driver counts for itself.
HOOKS = (
    ("sqlite3", "sqlite3_"),
    ("aiosqlite", "aiosqlite_"),
    ("psycopg", "psycopg_"),
    ("psycopg2", "psycopg2_"),
    ("psycopg_pool", "psycopg_pool_"),
    ("sqlalchemy", "sqlalchemy_"),
    ("django.db.backends.base.base", "django_"),
    ("urllib3", "urllib3_"),
    ("httpx", "httpx_"),
    ("threading", "locks_"),
    ("concurrent.futures.thread", "executors_"),
    ("anyio._backends._asyncio", "limiters_"),
    ("gunicorn.workers.gthread", "gthread_"),
)
