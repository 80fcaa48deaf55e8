"""What parent and generator say to each other: one pickled order, then JSON lines both ways."""

import json
import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

from perfkit.scenario.model import Scenario

# The parent says
GO: Final = b"go\n"
DRAIN: Final = b"drain\n"

# The generator says; every line is {"event": <one of these>, ...}
Event: TypeAlias = Literal["ready", "begin", "end", "progress", "halted", "interrupted", "web", "failed", "finished"]

_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that the generator is told. Secrets are not in it: the generator reads them from its own environment."""

    scenario: Scenario
    profile: str
    samples: Path
    run_id: str
    profile_for: float
    parent: int
    responder: int | None = None  # the port of a null responder: a calibration, not a run
    web: bool = False  # whether to open Locust's web UI


def send_order(pipe: IO[bytes], order: Order) -> None:
    content = pickle.dumps(order)
    pipe.write(_LENGTH.pack(len(content)) + content)
    pipe.flush()


def receive_order(pipe: IO[bytes]) -> Order:
    (length,) = _LENGTH.unpack(pipe.read(_LENGTH.size))
    order: Order = pickle.loads(pipe.read(length))  # noqa: S301  the parent's own words, over a pipe that only it holds
    return order


def line(event: Event, **fields: Any) -> bytes:
    return json.dumps({"event": event, **fields}).encode() + b"\n"
