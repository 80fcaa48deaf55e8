"""Locust's worker: it and its master prove to each other that they have the token; without its master, it ends at once."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from queue import Empty
from typing import Any, Final, NoReturn

import gevent
import zmq
from gevent.queue import Queue
from locust.env import Environment
from locust.rpc import Message
from locust.runners import WorkerRunner
from zmq.utils.monitor import recv_monitor_message

from perfkit.errors import LoadError
from perfkit.load.channel import Post
from perfkit.load.many import clock, token, wire
from perfkit.load.many.wire import Mail
from perfkit.version import VERSION

# Locust's master answers heartbeats once a second; when it is silent for so long, nobody can stop this load any more.
SILENCE: Final = 10.0
FAREWELL: Final = 0.5  # for a word to be on its way
LINGER: Final = 2000  # milliseconds, as ZeroMQ speaks them


class LocustWorker(WorkerRunner):
    """A worker.Line; `on_loss` ends the process."""

    def __init__(self, environment: Environment, post: Post, on_loss: Callable[[LoadError], NoReturn]) -> None:
        self.post = post
        self.number = -1
        self.mail: Queue[Mail] = Queue()
        self.heard_at = time.monotonic()
        self._on_loss = on_loss
        self.is_over = False
        super().__init__(environment, post.host, post.port)
        environment.runner = self

    def say(self, word: str, data: Mapping[str, Any]) -> None:
        self.send_message(word, dict(data))

    def hear(self, limit: float | None) -> Mail:
        mail: Mail = self.mail.get(timeout=limit)
        return mail

    def leave(self) -> None:
        """At once, because somebody at this machine wants it so; the master shall not have to wait for its silence."""
        self.say(wire.FAILED, {"message": "was interrupted where it runs", "hint": "Start it again, then the run."})
        gevent.sleep(FAREWELL)
        os._exit(1)

    def close(self) -> None:
        """What was said gets there, if there is somebody to hear it."""
        self.is_over = True
        self.greenlet.kill(block=True)
        self.client.close(linger=LINGER)  # type: ignore[no-untyped-call]  # Locust's own

    def connect_to_master(self) -> None:
        """Before Locust's own greeting: both sides prove that they have the token, without saying it."""
        for word in wire.OF_MASTER:
            self.register_message(word, self._put)
        try:
            self._introduce()
        except LoadError:
            self.close()
            raise
        self.greenlet.spawn(self._watch_connection)
        super().connect_to_master()  # type: ignore[no-untyped-call]  # Locust's own

    def _introduce(self) -> None:
        ours = token.nonce()
        self.say(wire.HELLO, {"version": VERSION, "nonce": ours})
        try:
            challenge = self.hear(self.post.wait)
        except Empty:
            message = f"no master answers at {self._place()} within {self.post.wait:g} s"
            raise LoadError(message, hint="Start the run with --workers first, and see that this machine reaches it.") from None
        theirs = challenge.data.get("nonce")
        self._accept(challenge, wire.CHALLENGE)
        if not token.is_proven(challenge.data.get("proof"), self.post.token, "master", ours, str(theirs)):
            # An impostor must learn nothing from it, but an honest master shall know who was here.
            self.say(wire.PROOF, {"proof": ""})
            raise LoadError(f"the master at {self._place()} has another token", hint="Give this worker the token of the run.")
        proof = token.prove(self.post.token, "worker", ours, str(theirs))
        name = f"pid {os.getpid()}" if self.post.number is not None else f"{socket.gethostname()}, pid {os.getpid()}"
        self.say(wire.PROOF, {"proof": proof, "name": name, "machine": clock.machine(), "number": self.post.number})
        try:
            admitted = self.hear(SILENCE)
        except Empty:
            raise self._gone() from None
        self._accept(admitted, wire.ADMITTED)
        self.number = int(admitted.data["number"])

    def handle_message(self, msg: Message) -> None:
        self.heard_at = time.monotonic()
        if msg.type == wire.END:
            self.is_over = True
        super().handle_message(msg)

    def heartbeat_timeout_checker(self) -> NoReturn:
        """Locust's own goes by the wall clock, and waits for a minute."""
        while True:
            gevent.sleep(1.0)
            if time.monotonic() - self.heard_at > SILENCE and not self.is_over:
                self._on_loss(self._gone())

    def _watch_connection(self) -> None:
        """The kernel says at once when the master's process has ended."""
        monitor = self.client.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        recv_monitor_message(monitor)
        if not self.is_over:
            self._on_loss(self._gone())

    def _accept(self, mail: Mail, wanted: str) -> None:
        if mail.word == wire.REFUSED:
            raise LoadError(f"the master at {self._place()} refuses this worker: {mail.data['why']}")
        if mail.word != wanted:
            raise LoadError(
                f"the master at {self._place()} does not speak as perfkit {VERSION} does", hint="Use the same version."
            )

    def _gone(self) -> LoadError:
        return LoadError(
            f"the master at {self._place()} is gone: nothing more was sent", hint="Start the run again, then its workers."
        )

    def _place(self) -> str:
        return f"[{self.post.host}]:{self.post.port}" if ":" in self.post.host else f"{self.post.host}:{self.post.port}"

    def _put(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002  Locust's way of calling
        self.mail.put(Mail(msg.type, msg.data, heard_at=time.monotonic()))
