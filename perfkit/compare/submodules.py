"""The submodules of a checkout: taken from the person's own checkout of them where there is one, which needs no network."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from perfkit.compare import git
from perfkit.errors import ComparisonError

FILE: Final = ".gitmodules"
# git refuses to clone from a folder since 2.38.1, because of links in it that somebody else has set; these folders are our own.
# All count as asked for, so that git does not write into the person's configuration which ones are.
_OPTIONS: Final = ("-c", "protocol.file.allow=always", "-c", "submodule.active=.")
_UPDATE: Final = ("submodule", "update", "--init", "--recursive")
_USER: Final = re.compile(r"//[^/@\s]+@")


def bring(top: Path, folder: Path) -> None:
    """Every submodule of the checkout in `folder`, as its commit wants it; a ComparisonError where one cannot be had."""
    if not (folder / FILE).is_file():
        return
    named = tuple(_named(folder))
    near = [
        word for name, path in named if (top / path / ".git").exists() for word in ("-c", f"submodule.{name}.url={top / path}")
    ]
    if near and git.ask(folder, *_OPTIONS, *near, *_UPDATE) is not None:
        return
    try:
        git.tell(folder, "-c", "submodule.active=.", *_UPDATE)
    except ComparisonError as error:
        why = _USER.sub("//***@", error.message.splitlines()[-1])
        raise ComparisonError(
            f"its submodules ({', '.join(path for _, path in named)}) cannot be had: {why}",
            hint="Fetch them in your own checkout: git submodule update --init --recursive (submodules: recursive in CI).",
        ) from error


def _named(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and path of each."""
    found = git.ask(folder, "config", "--file", FILE, "--get-regexp", r"^submodule\..*\.path$") or ""
    for line in found.splitlines():
        key, _, path = line.partition(" ")
        yield key.removeprefix("submodule.").removesuffix(".path"), path
