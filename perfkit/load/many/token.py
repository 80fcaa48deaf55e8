"""The shared secret by which workers and their master know each other: proven, never sent."""

import hashlib
import hmac
import secrets
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from perfkit.errors import LoadError
from perfkit.scenario.secrets import remember

VARIABLE: Final = "PERFKIT_TOKEN"
# Of the shortest token that is taken: 16 letters and digits cannot be tried out, even by one who has overheard a proof.
SHORTEST: Final = 16
_BYTES: Final = 32
_OPENLY: Final = 0o077


def make() -> str:
    token = secrets.token_urlsafe(_BYTES)
    remember(token)
    return token


def nonce() -> str:
    """For one proof only."""
    return secrets.token_hex(_BYTES)


def prove(token: str, role: str, *nonces: str) -> str:
    """What only somebody who has the token can say; `role` keeps one side's proof from being the other's."""
    return hmac.new(token.encode(), ":".join((role, *nonces)).encode(), hashlib.sha256).hexdigest()


def is_proven(claimed: object, token: str, role: str, *nonces: str) -> bool:
    return isinstance(claimed, str) and hmac.compare_digest(claimed.encode(), prove(token, role, *nonces).encode())


def find(file: Path | None, environment: MutableMapping[str, str]) -> str | None:
    """The token of a file, else of PERFKIT_TOKEN, which is taken out of the environment: no child needs to see it."""
    told = environment.pop(VARIABLE, None)
    if file is not None:
        told = _read(file)
    if told is None:
        return None
    token = told.strip()
    remember(token)
    if len(token) < SHORTEST:
        where = str(file) if file is not None else VARIABLE
        raise LoadError(f"the token in {where} is too short", hint=f"Make one of {SHORTEST} characters or more: {_RECIPE}")
    return token


def missing() -> LoadError:
    return LoadError(
        "workers elsewhere need a token that both sides have",
        hint=f"Make one, give it to the workers, and say --token-file token.txt (or set {VARIABLE}): {_RECIPE}",
    )


_RECIPE: Final = "(umask 077; openssl rand -hex 32 > token.txt)"


def _read(file: Path) -> str:
    try:
        if file.stat().st_mode & _OPENLY:
            raise LoadError(f"{file} can be read by others than you", hint=f"chmod 600 {file}")
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"the token file {file} cannot be read: {error}", hint=f"Make it: {_RECIPE}") from error
