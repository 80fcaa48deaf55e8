"""The generator process: Locust is the control plane, the data plane runs beside it in a native thread of perfkit's own.

Started by driver.py as `python -m perfkit.load.locustfile`: an order on standard input, then "go" or "drain";
events on standard output. Imports Locust before anything else that opens a socket, because importing it is what
makes the standard library cooperate.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import IO, Any, Final, cast

import gevent
from gevent.fileobject import FileObject
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

from perfkit.errors import PerfkitError
from perfkit.load.breaker import Breaker
from perfkit.load.channel import DRAIN, GO, Order, line, receive_order
from perfkit.load.channel import Event as Word
from perfkit.load.compile import compile_plan
from perfkit.load.generator import Generator, Tell
from perfkit.load.lifeline import die_with
from perfkit.load.recorder import Recorder
from perfkit.load.rehearsal import rehearsed
from perfkit.load.web import Runner, Web
from perfkit.scenario.secrets import learn, mask_text

WORKER: Final = 0  # one process so far

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2


class Crew(User):
    """What Locust holds of the load: one user for all virtual users of this process, which the data plane plays."""

    work: Callable[[], None]

    @task
    def live(self) -> None:
        self.work()
        raise StopUser


def main() -> int:
    # A terminal's Ctrl-C is for perfkit, which asks this process to drain.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _allow_many_connections()
    # Whatever a library prints must not end up between the events.
    events = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)

    def tell(event: Word, **fields: Any) -> None:
        os.write(events, line(event, **fields))

    try:
        _generate(tell)
    except PerfkitError as error:
        tell("failed", message=mask_text(error.message), hint=error.hint)
        return error.exit_code
    except Exception:  # noqa: BLE001  the parent quotes this process's last words: they must be without secrets
        sys.stderr.write(mask_text(traceback.format_exc()))
        return PerfkitError.exit_code
    return 0


def _generate(tell: Tell) -> None:
    orders = cast("IO[bytes]", FileObject(_STDIN, "rb"))  # it is one, but its stubs do not say so
    order = receive_order(orders)
    die_with(order.parent)
    learn(order.scenario.model_dump_json(), os.environ)
    generator = _generator(order, tell)
    tell("ready")
    if orders.readline() != GO:
        tell("finished", health=None)
        return
    gevent.spawn(_listen, orders, generator)
    generator.run()


def _generator(order: Order, tell: Tell) -> Generator:
    plan = compile_plan(order.scenario, order.profile, order.profile_for, order.run_id)
    if order.responder is not None:
        plan = rehearsed(plan, order.responder)
    environment = Environment(user_classes=[Crew], catch_exceptions=False)
    runner = environment.runner = Runner(environment)

    def in_thread(work: Callable[[], None]) -> None:
        thread = gevent.get_hub().threadpool.spawn(work)
        crew = Crew(environment)
        crew.work = thread.wait
        crew.start(runner.user_greenlets)
        runner.user_greenlets.join()
        thread.get()

    web = Web(environment, runner, order.scenario) if order.web else None
    on_rows = None if web is None else web.add
    generator = Generator(plan, Recorder(order.samples, WORKER), WORKER, tell, in_thread, Breaker(order.scenario), on_rows)
    if web is not None:
        runner.users_at_work = lambda: generator.users
        runner.drain = partial(_drain, generator, tell)
        tell("web", url=web.start())
    return generator


def _drain(generator: Generator, tell: Tell) -> None:
    tell("interrupted")
    generator.stop()


def _allow_many_connections() -> None:
    """A virtual user is a connection, and the usual limit of 1,024 files is for programs with few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(orders: IO[bytes], generator: Generator) -> None:
    """Drains when asked to; without a parent there is nobody left to work for."""
    while word := orders.readline():
        if word == DRAIN:
            generator.stop()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
