"""The addresses of a name, asked of the guard each time that they are looked up."""

import asyncio
import socket
from typing import Any

import pytest

from perfkit.errors import LoadError
from perfkit.load.destination import addresses, destination
from perfkit.scenario.model import Guard


class Telephone(asyncio.SelectorEventLoop):
    """A loop whose names lead where the test says."""

    def __init__(self, *found: str) -> None:
        super().__init__()
        self._found = found

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, host, (address, port)) for address in self._found]


def looked_up(name: str, *found: str) -> list[str]:
    where = destination(f"http://{name}:8000", 1.0, 1.0, None, guard=Guard(allow_hosts=("*.test",)))
    with asyncio.Runner(loop_factory=lambda: Telephone(*found)) as runner:
        return runner.run(addresses(where))


def test_a_name_of_the_list_may_lead_to_private_addresses() -> None:
    assert looked_up("shop.test", "10.0.0.7", "127.0.0.1") == ["10.0.0.7", "127.0.0.1"]


@pytest.mark.parametrize("found", [("203.0.113.9",), ("10.0.0.7", "169.254.169.254")])
def test_a_private_name_that_leads_outside_is_refused(found: tuple[str, ...]) -> None:
    with pytest.raises(LoadError, match=rf"shop\.test resolved to {found[-1]}"):
        looked_up("shop.test", *found)


def test_an_address_is_not_looked_up() -> None:
    assert looked_up("127.0.0.1") == ["127.0.0.1"]
