"""Locust's master, with a doorkeeper: nothing of a worker that was not admitted reaches Locust or the load."""

import logging
import time
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from gevent.queue import Queue
from locust.env import Environment
from locust.exception import RPCError, RPCReceiveError
from locust.rpc import Message
from locust.runners import MasterRunner

from perfkit.errors import LoadError
from perfkit.load.many import wire
from perfkit.load.many.roster import Member, Roster
from perfkit.load.many.wire import Mail

LINGER: Final = 2000  # milliseconds, as ZeroMQ speaks them
logger = logging.getLogger(__name__)


class LocustMaster(MasterRunner):
    """A master.Gate."""

    def __init__(self, environment: Environment, host: str, port: int, roster: Roster) -> None:
        self.roster = roster
        self.mail: Queue[Mail] = Queue()
        place = f"[{host}]" if ":" in host else host
        try:
            super().__init__(environment, place, port)
        except (RPCError, OSError, SystemExit) as error:
            message = f"workers cannot be waited for at {place}:{port}: {_why(error)}"
            raise LoadError(message, hint="Give another place with --bind ADDRESS:PORT.") from None
        environment.runner = self
        for word in wire.OF_WORKER:
            self.register_message(word, self._put)

    @property
    def port(self) -> int:
        return int(self.server.port)

    @property
    def members(self) -> Mapping[str, Member]:
        return self.roster.members

    def say(self, number: int, word: str, data: Mapping[str, Any]) -> None:
        for member in self.roster.members.values():
            if member.number == number:
                self.send_message(word, dict(data), member.client)

    def hear(self, limit: float) -> Mail:
        mail: Mail = self.mail.get(timeout=limit)
        return mail

    def close(self) -> None:
        """Its last words are sent, if there is somebody to hear them."""
        self.greenlet.kill(block=True)
        self.server.close(linger=LINGER)  # type: ignore[no-untyped-call]  # Locust's own

    def client_listener(self) -> NoReturn:
        """Locust's own ends at the first message that it cannot read, whoever sent it."""
        while True:
            try:
                client, message = self.server.recv_from_client()  # type: ignore[no-untyped-call]  # Locust's own
            except RPCReceiveError:
                continue
            except RPCError:
                raise
            except Exception as error:  # noqa: BLE001  a stranger's bytes, in whatever way they are no message
                logger.debug("not a message: %s", type(error).__name__)
                continue
            self.handle_message(client, message)

    def handle_message(self, client_id: str, msg: Message) -> None:
        # Who it is says the connection, not the message.
        msg.node_id = client_id
        if client_id in self.roster.members:
            super().handle_message(client_id, msg)
            return
        reply = self.roster.answer(client_id, msg.type, msg.data)
        answer = Message(reply.word, dict(reply.data), client_id)  # type: ignore[no-untyped-call]  # Locust's own
        self.server.send_to_client(answer)
        if reply.news:
            self.mail.put(Mail(wire.NEWS, reply.news))
        member = self.roster.members.get(client_id)
        if member is not None:
            self.mail.put(Mail(wire.JOINED, None, member.number, time.monotonic()))

    def _put(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002  Locust's way of calling
        self.mail.put(Mail(msg.type, msg.data, self.roster.members[msg.node_id].number, time.monotonic()))


def _why(error: BaseException) -> str:
    return "the address is in use" if isinstance(error, SystemExit) else str(error).removeprefix("Socket bind failure: ")
