"""What the target printed: its last words when it dies, and no secrets once the run is over."""

from pathlib import Path
from typing import Final

from perfkit.scenario import secrets

LAST_LINES: Final = 15
TAIL_BYTES: Final = 64 * 1024
# A log is masked in one piece as long as it fits comfortably into memory, because a secret (a key) may have many lines.
IN_ONE_PIECE: Final = 16 * 1024**2


def tail(path: Path) -> str:
    """The last lines, masked; "" when nothing was printed."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return secrets.mask_text("\n".join(text.rstrip().splitlines()[-LAST_LINES:]))


def quote(path: Path) -> str:
    """The last lines as the end of an error's message."""
    said = tail(path)
    return "; its last words were:\n" + "\n".join(f"  | {line}" for line in said.splitlines()) if said else "; it said nothing"


def mask(path: Path) -> None:
    """Rewrites the file without the secrets that this run has read; nobody may be writing to it any more."""
    if not path.exists():
        return
    masked = path.with_name(f"{path.name}.masked")
    whole = path.stat().st_size <= IN_ONE_PIECE
    # surrogateescape: bytes that are no UTF-8 come out as they went in.
    with (
        path.open(encoding="utf-8", errors="surrogateescape", newline="") as source,
        masked.open("w", encoding="utf-8", errors="surrogateescape", newline="") as copy,
    ):
        for piece in [source.read()] if whole else source:
            copy.write(secrets.mask_text(piece))
    masked.replace(path)
