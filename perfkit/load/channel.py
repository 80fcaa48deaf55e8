"""What parent and generator say to each other: one order as JSON, then JSON lines both ways."""

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Literal, Self, TypeAlias

from perfkit.scenario.model import Scenario

# The parent says
GO: Final = b"go\n"
DRAIN: Final = b"drain\n"

# The generator says; every line is {"event": <one of these>, ...}
Event: TypeAlias = Literal["news", "ready", "begin", "end", "progress", "halted", "interrupted", "web", "failed", "finished"]

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 5557  # Locust's own, so that a firewall's rule for it fits

_LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Workforce:
    """Who makes the load: processes here, and workers that join from elsewhere."""

    processes: int = 1
    joining: int = 0
    host: str = LOOPBACK  # where workers find their master
    port: int = 0  # 0: any that is free
    token: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        return self.processes + self.joining


ALONE: Final = Workforce()


@dataclass(frozen=True, slots=True)
class Order:
    """Everything that the generator is told. Secrets are not in it: the generator reads them from its own environment."""

    scenario: Scenario
    profile: str
    samples: Path
    run_id: str
    profile_for: float
    parent: int
    workforce: Workforce = ALONE
    responder: int | None = None  # the port of a null responder: a calibration, not a run
    web: bool = False  # whether to open Locust's web UI

    def write(self) -> dict[str, Any]:
        workforce = self.workforce
        return {
            "scenario": self.scenario.model_dump(mode="json"),
            "profile": self.profile,
            "samples": str(self.samples),
            "run_id": self.run_id,
            "profile_for": self.profile_for,
            "parent": self.parent,
            "responder": self.responder,
            "web": self.web,
            "workforce": {name: getattr(workforce, name) for name in ("processes", "joining", "host", "port", "token")},
        }

    @classmethod
    def read(cls, written: dict[str, Any]) -> Self:
        return cls(
            scenario=Scenario.model_validate(written["scenario"]),
            profile=written["profile"],
            samples=Path(written["samples"]),
            run_id=written["run_id"],
            profile_for=written["profile_for"],
            parent=written["parent"],
            workforce=Workforce(**written["workforce"]),
            responder=written["responder"],
            web=written["web"],
        )


@dataclass(frozen=True, slots=True)
class Post:
    """What a worker is told by who starts it: where its master is. What to do, the master says."""

    host: str
    port: int
    token: str = field(repr=False)
    parent: int
    wait: float  # seconds for the master to answer
    number: int | None = None  # None: one that joins, and gets its number from the master
    samples: str = ""  # where to write; "": into a folder of its own, to be sent

    def write(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("host", "port", "token", "parent", "wait", "number", "samples")}


def send_order(pipe: IO[bytes], order: Order | Post) -> None:
    content = json.dumps([type(order).__name__, order.write()]).encode()
    pipe.write(_LENGTH.pack(len(content)) + content)
    pipe.flush()


def receive_order(pipe: IO[bytes]) -> Order | Post:
    (length,) = _LENGTH.unpack(pipe.read(_LENGTH.size))
    kind, written = json.loads(pipe.read(length))
    return Order.read(written) if kind == Order.__name__ else Post(**written)


def line(event: Event, **fields: Any) -> bytes:
    return json.dumps({"event": event, **fields}).encode() + b"\n"
