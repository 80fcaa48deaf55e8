"""Who listens at the target's address: nobody must before perfkit starts the target, somebody must when it attaches."""

import socket
from typing import Any, Final

import psutil

from perfkit.errors import TargetError
from perfkit.scenario.address import Address, address

CONNECT_LIMIT: Final = 3.0


def require_free(base_url: str) -> None:
    """A TargetError that names who is in the way: measuring that one by mistake is the worst outcome."""
    where = address(base_url)
    if not answers(where):
        return
    owner = listener(where)
    who = f"pid {owner.pid} ({_name(owner)})" if owner else "another process"
    cure = f"Stop it (kill {owner.pid})" if owner else "Stop it"
    raise TargetError(
        f"{where.shown} is in use by {who}",
        hint=f"{cure}, or choose another {'port' if where.socket is None else 'socket'} in target.base_url and "
        "target.launch.command; without target.launch perfkit measures what runs there.",
    )


def require_listening(base_url: str) -> None:
    """A TargetError when nobody accepts connections; nothing is sent."""
    where = address(base_url)
    try:
        _connect(where)
    except OSError as error:
        why = error.strerror or str(error)
        raise TargetError(
            f"{where.shown} cannot be reached: {why}",
            hint="Start the target, correct target.base_url, or set target.launch.command so that perfkit starts it.",
        ) from error


def answers(where: Address) -> bool:
    """Somebody accepts a connection there."""
    try:
        _connect(where)
    except OSError:
        return False
    return True


def _connect(where: Address) -> None:
    if where.socket is None:
        socket.create_connection((where.host, where.port), CONNECT_LIMIT).close()
        return
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(CONNECT_LIMIT)
        stream.connect(where.socket)


def listener(where: Address) -> psutil.Process | None:
    """The process that listens there; None when it is somebody else's and the kernel does not tell."""
    try:
        connections = psutil.net_connections(kind="tcp" if where.socket is None else "unix")
    except psutil.Error:
        return None
    for connection in connections:
        if connection.pid and connection.laddr and _listens(connection, where):
            try:
                return psutil.Process(connection.pid)
            except psutil.NoSuchProcess:
                continue
    return None


def _listens(connection: Any, where: Address) -> bool:
    if where.socket is not None:
        return bool(connection.laddr == where.socket)
    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == where.port)


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "a process that has just ended"
