"""Results on disk: folders under a name that nobody has, and files that are whole at every moment."""

from pathlib import Path

from perfkit.errors import EvidenceError, PerfkitError


def named(moment: str, *parts: str) -> str:
    """The name of a folder that sorts by time: `20260102-030405-shop-1a2b3c`; what a file system may not like becomes `-`."""
    return "-".join([moment, *map(_slug, parts)])


def made(out: Path, name: str, what: str, error: type[PerfkitError] = EvidenceError) -> Path:
    """Makes `out/name`; two in one second get a suffix.

    Raises
    ------
    error
        Where `out` cannot hold them; `what` says what they are: run directories.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _first_free(out, name)
    except OSError as cause:
        raise error(f"{out} cannot hold {what}: {cause.strerror}", hint="Give another folder with --out.") from cause


def write(path: Path, content: str | bytes, error: type[PerfkitError] = EvidenceError, cure: str = "Make room there.") -> None:
    """Replaces a file in one step: nobody reads half of it, and the older one stays when this does not fit on the disk."""
    fresh = path.with_name(f".{path.name}")
    try:
        fresh.write_bytes(content.encode() if isinstance(content, str) else content)
        fresh.replace(path)
    except OSError as cause:
        fresh.unlink(missing_ok=True)
        raise error(f"{path} cannot be written: {cause.strerror}", hint=cure) from cause


def _first_free(out: Path, name: str) -> Path:
    attempt = 1
    while True:
        path = out / (name if attempt == 1 else f"{name}-{attempt}")
        # Made and not only looked for: two may begin at once.
        try:
            path.mkdir()
        except FileExistsError:
            attempt += 1
        else:
            return path


def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in text)
