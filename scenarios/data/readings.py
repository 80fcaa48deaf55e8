"""Makes the SQLite file that scenarios/datasette.yaml serves: 120,000 readings of 200 stations, the same every time.

python readings.py readings.db
"""

import random
import sqlite3
import sys
from pathlib import Path

STATIONS = 200
READINGS = 120_000


def main(path: str) -> None:
    Path(path).unlink(missing_ok=True)
    dice = random.Random(20261123)
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE stations (id INTEGER PRIMARY KEY, name TEXT, region TEXT)")
        columns = "id INTEGER PRIMARY KEY, station INTEGER REFERENCES stations(id), day TEXT, kind TEXT, value REAL"
        database.execute(f"CREATE TABLE readings ({columns})")
        database.executemany(
            "INSERT INTO stations VALUES (?, ?, ?)", [(n, f"station {n}", f"region {n % 12}") for n in range(1, STATIONS + 1)]
        )
        database.executemany(
            "INSERT INTO readings VALUES (?, ?, ?, ?, ?)",
            (
                (
                    n,
                    dice.randint(1, STATIONS),
                    f"2026-{1 + n % 12:02}-{1 + n % 28:02}",
                    dice.choice(("rain", "wind", "sun")),
                    round(dice.uniform(0, 40), 2),
                )
                for n in range(1, READINGS + 1)
            ),
        )
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
