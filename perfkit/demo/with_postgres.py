"""Runs a command beside a PostgreSQL of its own, filled with the store, and the partners' service; all three end together.

    python with_postgres.py [--indexed] PORT_OF_THE_PARTNERS COMMAND ...

The command finds the database in DATABASE_URL and the partners in PARTNERS_URL.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pgserver
from sqlalchemy import create_engine
from store.seed import fill


def main() -> int:
    arguments = sys.argv[1:]
    indexed = arguments[0] == "--indexed"
    port, *command = arguments[indexed:]
    # pgserver opens the parents of its data folder to the user that it makes: a fresh temporary one holds no secret.
    folder = Path(tempfile.mkdtemp(prefix="shop-postgres-"))
    database = pgserver.get_server(folder, cleanup_mode="stop")
    children: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        url = database.get_uri()
        fill(create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1)), indexed=indexed)
        environment = {**os.environ, "DATABASE_URL": url, "PARTNERS_URL": f"http://127.0.0.1:{port}"}
        partners = ["uvicorn", "partners:app", "--port", port, "--no-access-log", "--log-level", "warning"]
        # The partners are another service: the probe is for the shop alone.
        blind = {name: value for name, value in environment.items() if not name.startswith("PERFKIT_")}
        children.append(subprocess.Popen([sys.executable, "-m", *partners], env=blind))
        children.append(subprocess.Popen(command, env=environment))
        return children[-1].wait()
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait()
        database.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
