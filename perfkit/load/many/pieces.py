"""Sample files on their way to the master: piece by piece, each acknowledged, none twice, names before what refers to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit.errors import LoadError

# Of one message: large enough to keep up with 50,000 requests a second, small enough to let others pass.
LARGEST: Final = 1 << 20
NAMES: Final = "names"
SAMPLES: Final = "samples"
RESPONSES: Final = "responses"
# seconds.py writes the last two.
KINDS: Final[tuple[str, ...]] = (NAMES, SAMPLES, RESPONSES, "health", "counts")


@dataclass(frozen=True, slots=True)
class Piece:
    file: str  # one of KINDS
    offset: int
    data: bytes


class Parcel:
    """A worker's files; the next piece is taken when the last has been acknowledged."""

    def __init__(self, directory: Path, worker: int) -> None:
        self._files = {kind: directory / f"{worker}.{kind}" for kind in KINDS}
        self._delivered: dict[str, int] = dict.fromkeys(KINDS, 0)
        self.under_way: Piece | None = None

    def next(self) -> Piece | None:
        """What to send now; None when there is nothing, or when the last piece is still under way."""
        if self.under_way is not None:
            return None
        # In this order: the recorder writes a name before the first record that refers to it.
        samples = self._size(SAMPLES)
        for kind in KINDS:
            size = samples if kind == SAMPLES else self._size(kind)
            offset = self._delivered[kind]
            if offset < size:
                with self._files[kind].open("rb") as file:
                    file.seek(offset)
                    self.under_way = Piece(kind, offset, file.read(min(size - offset, LARGEST)))
                return self.under_way
        return None

    def had(self, kind: str, size: int) -> None:
        """The master has so much of a file on its disk."""
        if kind in self._delivered and size >= self._delivered[kind]:
            self._delivered[kind] = size
            if self.under_way is not None and self.under_way.file == kind and size > self.under_way.offset:
                self.under_way = None

    @property
    def is_delivered(self) -> bool:
        return self.under_way is None and all(self._delivered[kind] >= self._size(kind) for kind in KINDS)

    @property
    def sizes(self) -> Mapping[str, int]:
        return {kind: self._size(kind) for kind in KINDS}

    def _size(self, kind: str) -> int:
        path = self._files[kind]
        return path.stat().st_size if path.exists() else 0


class Store:
    """The master's side: files that grow by exactly what comes next."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def take(self, worker: int, piece: Piece) -> int:
        """Puts it on disk; returns how much of the file is there, whether or not this piece was it."""
        path = self._path(worker, piece.file)
        try:
            with path.open("ab") as file:
                if file.tell() == piece.offset:
                    file.write(piece.data)
                return file.tell()
        except OSError as error:
            message = f"samples cannot be written to {path}: {error.strerror}"
            raise LoadError(message, hint="Make room there, or give another folder with --out.") from error

    def size(self, worker: int, kind: str) -> int:
        path = self._path(worker, kind)
        return path.stat().st_size if path.exists() else 0

    def _path(self, worker: int, kind: str) -> Path:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no file of a worker")
        return self._directory / f"{worker}.{kind}"
