"""Both versions are up at once, so each has ports of its own, put wherever the scenario names the one that it asks for."""

import random
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from perfkit.errors import ComparisonError
from perfkit.scenario.address import address
from perfkit.scenario.model import Launch, Scenario

# Below the kernel's ephemeral ports (from 32768 on): those go to clients, and a restarted server needs its own again.
# All have five digits: a longer environment shifts a process's stack, which can be seen in its speed.
LOWEST, HIGHEST = 10_000, 32_767
TRIES: Final = 1000


def named(scenario: Scenario) -> tuple[int, ...]:
    """The ports that must differ: the base URL's and those of compare.ports."""
    where = address(scenario.target.base_url)
    own = () if where.socket is not None else (where.port,)
    return tuple(dict.fromkeys((*own, *scenario.compare.ports)))


def require_named(scenario: Scenario) -> None:
    """A ComparisonError when a port stands nowhere in the launch: then the second version would not come up beside the first."""
    launch = scenario.target.launch
    if launch is None:
        return
    texts = list(_texts(launch))
    for port in named(scenario):
        if not any(_standing(port).search(text) for text in texts):
            raise ComparisonError(
                f"the port {port} stands neither in target.launch.command nor in its env: both versions would want the same one",
                hint=f"Say it there (--bind 127.0.0.1:{port}, or env: {{PORT: {port}}}): each version is given its own.",
            )


def free(number: int, host: str = "127.0.0.1") -> tuple[int, ...]:
    """So many ports on which nobody listens, all different."""
    found: list[int] = []
    with ExitStack() as stack:
        for port in random.SystemRandom().sample(range(LOWEST, HIGHEST + 1), TRIES):
            if len(found) == number:
                break
            listener = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
            try:
                listener.bind((host, port))
            except OSError:
                continue
            found.append(port)
    if len(found) < number:
        raise ComparisonError(f"there are no {number} free ports on {host}", hint="Stop what listens there.")
    return tuple(found)


def moved(scenario: Scenario, ports: Mapping[int, int]) -> Scenario:
    """The scenario with each port replaced in the base URL, the command, `before` and the environment."""
    target = scenario.target
    launch = target.launch

    def replaced(text: str) -> str:
        # In one go: a port that is given to one may be the number that another has.
        return _standing(*ports).sub(lambda match: str(ports[int(match[0])]), text) if ports else text

    changes: dict[str, object] = {"base_url": _with_port(target.base_url, ports)}
    if launch is not None:
        changes["launch"] = launch.model_copy(
            update={
                "command": tuple(map(replaced, launch.command)),
                "env": {name: replaced(value) for name, value in launch.env.items()},
                "before": tuple(tuple(map(replaced, command)) for command in launch.before),
            }
        )
    return scenario.model_copy(update={"target": target.model_copy(update=changes)})


def exchanged(scenario: Scenario, own: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    """The ports of a version in the other one's place; what a `before` command has started (a database) listens where it did."""
    launch = scenario.target.launch
    prepared = [word for command in launch.before for word in command] if launch is not None else []
    stays = {port for port in own if any(_standing(port).search(word) for word in prepared)}
    return {port: own[port] if port in stays else other[port] for port in own}


def _with_port(base_url: str, ports: Mapping[int, int]) -> str:
    where = address(base_url)
    if where.socket is not None or where.port not in ports:
        return base_url
    host = f"[{where.host}]" if ":" in where.host else where.host
    return urlsplit(base_url)._replace(netloc=f"{host}:{ports[where.port]}").geturl()


def _texts(launch: Launch) -> Iterable[str]:
    yield from launch.command
    yield from launch.env.values()
    for command in launch.before:
        yield from command


def _standing(*ports: int) -> re.Pattern[str]:
    """The numbers by themselves: no part of a longer one, of a version or of a decimal fraction."""
    return re.compile(rf"(?<![\d.])(?:{'|'.join(map(str, ports))})(?!\d|\.\d)")
