"""Where redirects may lead: every other origin is asked of the guard before its name is looked up, and made once."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Final, TypeAlias

from perfkit.errors import LoadError
from perfkit.load.destination import Destination
from perfkit.scenario.guard import caps, refusal

Key: TypeAlias = tuple[str, str, int]  # scheme, host, port
Level: TypeAlias = tuple[bool, float]  # of a rate, else of users; the highest that the load asks for

_HINT: Final = "Name the host under guard.allow_hosts if the machine is yours to load; `redirects: 0` follows nothing."


class Origins:
    """The target's own, `home`, and those that its redirects have named so far."""

    def __init__(self, home: Destination, levels: Sequence[Level], trust: Callable[[], ssl.SSLContext]) -> None:
        self.home: Final = home
        self._levels = tuple(levels)
        # Certificates are trusted as the scenario says, but its own is for the target: it is shown to nobody else.
        self._trust = cache(trust)
        self._known: dict[Key, Destination] = {}

    def at(self, key: Key, authority: str) -> Destination:
        """Raises LoadError for a host that may not be loaded, or not so hard."""
        home = self.home
        if key == (home.scheme, home.host, home.port):
            return home
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._permitted(key, authority)
        return known

    def _permitted(self, key: Key, authority: str) -> Destination:
        scheme, host, port = key
        guard = self.home.guard
        why = refusal(guard, host, owned=guard.is_owned) or self._excess(host)
        if why is not None:
            raise LoadError(f"{self.home.authority} redirects to {host}, which is not followed: {why}", hint=_HINT)
        tls = self._trust() if scheme == "https" else None
        return replace(self.home, scheme=scheme, host=host, port=port, authority=authority, prefix="", tls=tls, socket=None)

    def _excess(self, host: str) -> str | None:
        cap = caps(self.home.guard, host)
        for is_rate, level in self._levels:
            if level > (cap.rate if is_rate else cap.users):
                return f"this load is more than the guard allows there (guard.{'max_rate' if is_rate else 'max_users'})"
        return None
