"""When the started target may be loaded: it answers, and every process that will serve has reported."""

import time
from pathlib import Path
from typing import Final

import httpx

from perfkit.errors import TargetError
from perfkit.scenario.address import address
from perfkit.scenario.model import Ready
from perfkit.target import identify, log
from perfkit.target.process import Supervised, show_exit
from perfkit.target.target import Target
from perfkit.units import show_time

FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.25
READY_REQUEST_LIMIT: Final = 5.0
# Workers of one server come up within this of each other; the probe writes what it knows four times a second.
SETTLED: Final = 0.6
SETTLE_LIMIT: Final = 5.0
# A target whose probe has said nothing by then was started in a way that keeps it out (-I, -E, another runtime).
SILENCE_LIMIT: Final = 2.0


def await_answer(base_url: str, ready: Ready, supervised: Supervised, output: Path) -> None:
    """Asks until the target answers as it should; a target that dies meanwhile is told at once, with its own words."""
    where = address(base_url)
    url = f"{base_url.rstrip('/')}/{ready.http.lstrip('/')}"
    # A client that is told to use a socket still wants a URL with a host.
    asked = url if where.socket is None else f"{where.scheme}://{where.authority}{where.prefix}/{ready.http.lstrip('/')}"
    until = time.monotonic() + ready.timeout
    pause = FIRST_PAUSE
    answer = "nothing"
    # The certificate of a service on this machine proves nothing about readiness; a proxy would answer in its place.
    transport = httpx.HTTPTransport(verify=False, trust_env=False, uds=where.socket)
    with httpx.Client(transport=transport, trust_env=False, timeout=READY_REQUEST_LIMIT) as client:
        while time.monotonic() < until:
            code = supervised.exit_code
            if code is not None and (code != 0 or supervised.process.poll() is not None):
                raise TargetError(
                    f"the target ended with {show_exit(code)} before it was ready{log.quote(output)}",
                    hint="Its whole log is in target.log of the run directory; start it by hand with target.launch.command.",
                )
            try:
                status = client.get(asked).status_code
            except httpx.HTTPError as error:
                answer = type(error).__name__
            else:
                answer = f"status {status}"
                if status == ready.status or (ready.status is None and status < 500):  # noqa: PLR2004  server errors begin there
                    return
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
    wanted = f"status {ready.status}" if ready.status is not None else "a status below 500"
    raise TargetError(
        f"{url} did not answer with {wanted} within {show_time(ready.timeout)}; the last answer was {answer}{log.quote(output)}",
        hint="Correct target.launch.ready.http, or give it longer with target.launch.ready.timeout.",
    )


def await_workers(target: Target, expected: int = 0) -> None:
    """Waits until the set of serving processes no longer changes, or is as large as expected: load before would miss some."""
    began = time.monotonic()
    known: tuple[identify.Worker, ...] = ()
    changed = began
    while (now := time.monotonic()) < began + SETTLE_LIMIT:
        found = identify.serving(target)
        if found != known:
            known, changed = found, now
        if known and (now - changed >= SETTLED or len(known) == expected):
            return
        if not known and now - began >= SILENCE_LIMIT:
            return
        time.sleep(FIRST_PAUSE if expected else LONGEST_PAUSE / 2)
