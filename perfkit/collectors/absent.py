"""An observer that does not look, and says why."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from perfkit.evidence import RunDirectory

NOT_LAUNCHED: Final = "perfkit did not start the target, so it cannot see into its processes (set target.launch.command)"


@contextmanager
def absent(directory: RunDirectory, observer: str, why: str) -> Generator[None]:
    directory.note(observer, why)
    yield
