"""What the asynchronous shop needs beside it: a PostgreSQL of its own, filled with the store, and the partners' service.

    python services.py [--indexed] PORT_OF_POSTGRES PORT_OF_THE_PARTNERS

Returns when both answer and leaves them running, as a scenario's `before` may; they end when their keeper gets SIGTERM.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pgserver
from sqlalchemy import create_engine
from store.seed import fill

READY = b"+"
# Whatever it is asked for is asked of a database that does nothing of its own accord and is thrown away afterwards.
SETTINGS = {"listen_addresses": "127.0.0.1", "fsync": "off", "autovacuum": "off"}
START_LIMIT = 30.0
STOP_LIMIT = 10.0


def main() -> int:
    *options, database_port, partners_port = sys.argv[1:]
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        return 0 if os.read(read_end, 1) == READY else 1
    os.close(read_end)
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keep(int(database_port), partners_port, write_end, indexed="--indexed" in options)
    return 0


def keep(database_port: int, partners_port: str, report: int, *, indexed: bool) -> None:
    """Until somebody ends it."""
    # pgserver opens the parents of its data folder to the user that it makes: a fresh temporary one holds no secret.
    folder = Path(tempfile.mkdtemp(prefix="shop-postgres-"))
    partners = None
    try:
        partners = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "uvicorn",
                "partners:app",
                "--port",
                partners_port,
                "--no-access-log",
                "--log-level",
                "warning",
            ]
        )
        fill_database(folder, database_port, indexed=indexed)
        await_partners(f"http://127.0.0.1:{partners_port}/partner/1")
        os.write(report, READY)
        os.close(report)
        while True:
            signal.pause()
    finally:
        if partners is not None:
            partners.terminate()
            partners.wait()
        end_database(folder)
        shutil.rmtree(folder, ignore_errors=True)


def fill_database(folder: Path, port: int, *, indexed: bool) -> None:
    database = pgserver.get_server(folder, cleanup_mode=None)
    engine = create_engine(database.get_uri().replace("postgresql://", "postgresql+psycopg://", 1))
    fill(engine, indexed=indexed)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name, value in {**SETTINGS, "port": port}.items():
            connection.exec_driver_sql(f"ALTER SYSTEM SET {name} = '{value}'")
    engine.dispose()
    # It listens to its own socket only, until it is told otherwise.
    pgserver.pg_ctl(["-w", "-o", f"-k {folder}", "-l", str(folder / "log"), "restart"], pgdata=folder, user=database.system_user)


def await_partners(url: str) -> None:
    until = time.monotonic() + START_LIMIT
    while True:
        try:
            urllib.request.urlopen(url, timeout=START_LIMIT).close()
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def end_database(folder: Path) -> None:
    """Fast: connections that somebody still has are closed."""
    pidfile = folder / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        os.kill(int(pidfile.read_text().split()[0]), signal.SIGINT)
    until = time.monotonic() + STOP_LIMIT
    while pidfile.exists() and time.monotonic() < until:
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
