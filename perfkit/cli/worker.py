"""perfkit worker: make a share of the load of a run that goes on elsewhere."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from perfkit.cli.progress import Watch
from perfkit.cli.workers import place
from perfkit.load import driver
from perfkit.load.channel import Post
from perfkit.load.many import token
from perfkit.units import parse_time

INTERRUPTED = 130


def worker(
    master: Annotated[str, typer.Option(metavar="HOST[:PORT]", help="Where the run goes on.", show_default=False)],
    token_file: Annotated[
        Path | None,
        typer.Option(help="The token of the run; without it the variable PERFKIT_TOKEN is read.", show_default=False),
    ] = None,
    wait: Annotated[str, typer.Option(help="How long the master may take to answer.")] = "60s",
) -> int:
    """Join a run as one more generator: `perfkit run --workers N --bind ADDRESS` waits for it."""
    host, port = place(master, "--master")
    try:
        limit = parse_time(wait)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--wait") from error
    secret = token.find(token_file, os.environ)
    if secret is None:
        raise token.missing()
    with Watch(Console(stderr=True, soft_wrap=True)) as watch:
        try:
            driver.work(Post(host, port, secret, os.getpid(), limit), watch.news)
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0
