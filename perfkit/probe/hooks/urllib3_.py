"""urllib3, and with it requests, botocore and everything else that is built on it."""

from ..records import CONNECT, OUTBOUND
from .outbound import timed
from .patches import Patches

DRIVER = "urllib3"
MODULE = "urllib3"


def install(recorder):
    from urllib3 import connection
    from urllib3.connectionpool import HTTPConnectionPool

    with Patches() as undo:
        undo.wrap(HTTPConnectionPool, "urlopen", lambda plain: timed(recorder, plain, OUTBOUND, address))
        undo.wrap(connection.HTTPConnection, "connect", lambda plain: timed(recorder, plain, CONNECT, address))
        https = connection.HTTPSConnection
        if isinstance(https, type):  # without ssl it is a placeholder
            undo.wrap(https, "connect", lambda plain: timed(recorder, plain, CONNECT, address))
    return undo


def address(owner):
    """Of a pool or a connection; both know where they lead."""
    return "{}:{}".format(owner.host, owner.port or (443 if getattr(owner, "scheme", "") == "https" else 80))
