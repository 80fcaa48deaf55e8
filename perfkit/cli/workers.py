"""Who makes the load, as the command line says it: processes here, workers elsewhere, and the token that they share."""

import os
import re
from pathlib import Path
from typing import Final

import typer

from perfkit.load.channel import LOOPBACK, PORT, Workforce
from perfkit.load.many import token
from perfkit.scenario.model import Scenario

_PLACE: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<name>[^\s:\[\]]+))(?::(?P<port>\d{1,5}))?")
_MOST_PORT: Final = 65535


def place(text: str, option: str) -> tuple[str, int]:
    """`HOST`, `HOST:PORT` or `[IPV6]:PORT`."""
    match = _PLACE.fullmatch(text.strip())
    port = int(match["port"]) if match and match["port"] else PORT
    if match is None or not 0 < port <= _MOST_PORT:
        raise typer.BadParameter(f"{text!r} is not HOST or HOST:PORT (try 10.0.0.5:{PORT})", param_hint=option)
    return match["six"] or match["name"], port


def workforce(scenario: Scenario, processes: int | None, joining: int, bind: str | None, token_file: Path | None) -> Workforce:
    """Workers from elsewhere need a place to come to, and a token; processes of this machine need neither."""
    here = scenario.generator.processes if processes is None else processes
    secret = token.find(token_file, os.environ)
    if not joining:
        if bind is not None:
            raise typer.BadParameter("nobody joins: say --workers N as well", param_hint="--bind")
        if not here:
            raise typer.BadParameter("nobody would make the load: say --workers N as well", param_hint="--processes")
        return Workforce(here)
    if secret is None:
        raise token.missing()
    host, port = (LOOPBACK, PORT) if bind is None else place(bind, "--bind")
    return Workforce(here, joining, host, port, secret)
