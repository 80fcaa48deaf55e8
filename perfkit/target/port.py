"""Who listens at the target's address: nobody must before perfkit starts the target, somebody must when it attaches."""

import socket
from typing import Final
from urllib.parse import urlsplit

import psutil

from perfkit.errors import TargetError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
CONNECT_LIMIT: Final = 3.0


def address(base_url: str) -> tuple[str, int]:
    """Host and port of a base URL."""
    parts = urlsplit(base_url)
    if not parts.hostname:
        raise TargetError(f"{base_url} names no host", hint="Write target.base_url like http://127.0.0.1:8000.")
    return parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme, 80)


def require_free(base_url: str) -> None:
    """A TargetError that names who is in the way: measuring that one by mistake is the worst outcome."""
    host, port = address(base_url)
    if not answers(host, port):
        return
    owner = listener(port)
    who = f"pid {owner.pid} ({_name(owner)})" if owner else "another process"
    cure = f"Stop it (kill {owner.pid})" if owner else "Stop it"
    raise TargetError(
        f"{host}:{port} is in use by {who}",
        hint=f"{cure}, or choose another port in target.base_url and target.launch.command; "
        "without target.launch perfkit measures what runs there.",
    )


def require_listening(base_url: str) -> None:
    """A TargetError when nobody accepts connections; nothing is sent."""
    host, port = address(base_url)
    try:
        socket.create_connection((host, port), CONNECT_LIMIT).close()
    except OSError as error:
        why = error.strerror or str(error)
        raise TargetError(
            f"{host}:{port} cannot be reached: {why}",
            hint="Start the target, correct target.base_url, or set target.launch.command so that perfkit starts it.",
        ) from error


def answers(host: str, port: int) -> bool:
    """Somebody accepts a connection there."""
    try:
        socket.create_connection((host, port), CONNECT_LIMIT).close()
    except OSError:
        return False
    return True


def listener(port: int) -> psutil.Process | None:
    """The process that listens on a port; None when it is somebody else's and the kernel does not tell."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                return psutil.Process(connection.pid)
            except psutil.NoSuchProcess:
                continue
    return None


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "a process that has just ended"
