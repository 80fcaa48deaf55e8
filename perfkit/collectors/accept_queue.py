"""Connections that the target has not accepted yet: how many wait, how many may, and how many were turned away."""

import ipaddress
import time
from contextlib import AbstractContextManager
from typing import Final
from urllib.parse import urlsplit

from perfkit.collectors import listening, rows, sampling
from perfkit.collectors.absent import absent
from perfkit.collectors.base import Observation
from perfkit.evidence import PHASES as ALL_PHASES
from perfkit.evidence import Phase, RunDirectory, Table
from perfkit.schemas import ACCEPT_QUEUE

NAME: Final = "accept_queue"
PHASES: Final[frozenset[Phase]] = frozenset(ALL_PHASES)
FILE: Final = "accept_queue.jsonl"
# A queue comes and goes within a second; a look is one question to the kernel, some 0.1 ms.
EVERY: Final = 0.25
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def observe(observation: Observation, /) -> AbstractContextManager[None]:
    """Also of a target that perfkit did not start, if it is on this machine."""
    place = urlsplit(observation.target.base_url)
    port = place.port or DEFAULT_PORTS.get(place.scheme)
    if port is None:
        return absent(observation.directory, NAME, "the target listens on a Unix socket, of which nobody tells how many wait")
    if not is_here(place.hostname or ""):
        return absent(observation.directory, NAME, "the target is on another machine")
    try:
        listens = listening.on(port) is not None
    except OSError as error:
        return absent(observation.directory, NAME, f"the kernel does not tell of its sockets: {error.strerror or error}")
    if not listens:
        return absent(observation.directory, NAME, f"no process here listens on port {port}: something stands between")

    def take() -> None:
        queue = listening.on(port)
        if queue is not None:
            overflows, drops = listening.overflows()
            at = time.monotonic() - observation.epoch
            row = {"at": at, "queued": queue.queued, "backlog": queue.backlog, "overflows": overflows, "drops": drops}
            rows.append(observation.directory.path / FILE, [row])

    return sampling.every(EVERY, take, observation.directory, NAME)


def read(directory: RunDirectory) -> Table:
    return rows.read(directory.path / FILE, ACCEPT_QUEUE, directory.notes().get(NAME, "the accept queue was not looked at"))


def is_here(host: str) -> bool:
    """The loopback interface is the only address of which that is certain without asking anybody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
