"""What a hook is: a module with these three members, and a line in catalogue.py."""

from typing import Callable, Optional, Protocol


class Hook(Protocol):
    @property
    def DRIVER(self) -> str: ...  # noqa: N802  a module's constant

    @property
    def MODULE(self) -> str: ...  # noqa: N802  a module's constant; the import that triggers the hook

    def install(self, recorder, /) -> Optional[Callable[[], None]]:
        """Put the hook in place and return its undo; None after having reported "unsupported"."""
        ...
