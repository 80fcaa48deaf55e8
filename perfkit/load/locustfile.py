"""A generator process: Locust is the control plane, the data plane runs beside it in a native thread of perfkit's own.

Started by driver.py as `python -m perfkit.load.locustfile`: an order on standard input, then "go" or "drain"; events on
standard output. By its order it makes the load alone, is the master of several such processes, or one of them.
Imports Locust before anything else that opens a socket, because importing it is what makes the standard library cooperate.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import IO, Any, Final, NoReturn, cast

import gevent
from gevent.fileobject import FileObject
from locust import User, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import Runner

from perfkit.errors import LoadError, PerfkitError
from perfkit.load.alone import Alone
from perfkit.load.breaker import Breaker
from perfkit.load.channel import DRAIN, GO, Order, Post, line, receive_order
from perfkit.load.channel import Event as Word
from perfkit.load.compile import compile_plan
from perfkit.load.generator import Audience, Generator
from perfkit.load.lifeline import die_with
from perfkit.load.many import token, wire
from perfkit.load.many.locust_master import LocustMaster
from perfkit.load.many.locust_worker import LocustWorker
from perfkit.load.many.master import Master
from perfkit.load.many.own import OwnWorker
from perfkit.load.many.roster import Roster
from perfkit.load.many.wire import Mail
from perfkit.load.many.worker import Worker
from perfkit.load.plan import Plan
from perfkit.load.recorder import Recorder
from perfkit.load.rehearsal import rehearsed
from perfkit.load.share import Share
from perfkit.load.tally import Tally, Tell
from perfkit.load.web import Runner as WebRunner
from perfkit.load.web import Web
from perfkit.scenario.secrets import learn, mask_text, remember

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2
OWN_WAIT: Final = 30.0  # for a worker of its own, the master is there already


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
        _carry_out(tell)
    except PerfkitError as error:
        tell("failed", message=mask_text(error.message), hint=error.hint)
        return error.exit_code
    except Exception:  # noqa: BLE001  the parent quotes this process's last words: they must be without secrets
        sys.stderr.write(mask_text(traceback.format_exc()))
        return PerfkitError.exit_code
    return 0


def _carry_out(tell: Tell) -> None:
    orders = cast("IO[bytes]", FileObject(_STDIN, "rb"))  # it is one, but its stubs do not say so
    order = receive_order(orders)
    die_with(order.parent)
    if isinstance(order, Post):
        _serve(order, orders, tell)
        return
    learn(order.scenario.model_dump_json(), os.environ)
    if order.workforce.size == 1 and order.workforce.processes == 1:
        _generate(order, orders, tell)
    else:
        _lead(order, orders, tell)


def _generate(order: Order, orders: IO[bytes], tell: Tell) -> None:
    """Alone."""
    plan = compile_plan(order.scenario, order.profile, order.profile_for, order.run_id)
    if order.responder is not None:
        plan = rehearsed(plan, order.responder)
    environment = Environment(user_classes=[Crew], catch_exceptions=False)
    runner = environment.create_local_runner()
    alone = Alone(plan.segments, f"pid {os.getpid()}", tell, Breaker(order.scenario))
    generator = _generator(environment, runner, plan, Recorder(order.samples, plan.share.worker), alone)
    alone.tally.stop = generator.stop
    _open_web(order, tell, alone.tally)
    tell("ready", pids=[os.getpid()])
    if orders.readline() != GO:
        tell("finished", health=None)
        return
    gevent.spawn(_listen, orders, {DRAIN: generator.stop})
    alone.conclude(generator.run())


def _lead(order: Order, orders: IO[bytes], tell: Tell) -> None:
    """As the master, which generates nothing itself."""
    force = order.workforce
    # Checked here, where it can be told at once: what may not be fired at, data that cannot be read, shares of nothing.
    compile_plan(order.scenario, order.profile, order.profile_for, order.run_id, Share(0, force.size))
    secret = force.token or token.make()
    remember(secret)
    gate = LocustMaster(Environment(user_classes=[Crew]), force.host, force.port, Roster(secret, force.processes, force.joining))

    def hire(number: int) -> OwnWorker:
        post = Post(force.host, gate.port, secret, os.getpid(), OWN_WAIT, number, str(order.samples))
        return OwnWorker(post, lambda how: gate.mail.put(Mail(wire.DIED, how, number)))

    master = Master(order, gate, tell, hire)
    _open_web(order, tell, master.tally)
    words = {GO: Mail(wire.STARTED, None), DRAIN: Mail(wire.STOPPED, None)}
    gevent.spawn(_listen, orders, {word: partial(gate.mail.put, mail) for word, mail in words.items()})
    try:
        master.run()
    finally:
        gate.close()


def _serve(post: Post, orders: IO[bytes], tell: Tell) -> None:
    """As one of several."""
    remember(post.token)

    def on_loss(error: LoadError) -> NoReturn:
        # At once: whatever else this process holds, it must not send another request.
        tell("failed", message=error.message, hint=error.hint)
        os._exit(error.exit_code)

    environment = Environment(user_classes=[Crew], catch_exceptions=False)
    # Until it has a master, it ends with its parent by lifeline alone.
    runner = LocustWorker(environment, post, on_loss)
    gevent.spawn(_listen, orders, {DRAIN: runner.leave})
    tell("ready", pids=[os.getpid()])
    try:
        Worker(runner, post, partial(_generator, environment, runner)).run(lambda text: tell("news", text=text))
    finally:
        runner.close()
    tell("finished", health=None)


def _generator(environment: Environment, runner: Runner, plan: Plan, recorder: Recorder, audience: Audience) -> Generator:
    def in_thread(work: Callable[[], None]) -> None:
        thread = gevent.get_hub().threadpool.spawn(work)
        crew = Crew(environment)
        crew.work = thread.wait
        crew.start(runner.user_greenlets)
        runner.user_greenlets.join()
        thread.get()

    return Generator(plan, recorder, audience, in_thread)


def _open_web(order: Order, tell: Tell, tally: Tally) -> None:
    """On an environment of its own: what it shows and stops is the whole load, however many processes make it."""
    if not order.web:
        return
    environment = Environment(user_classes=[Crew], catch_exceptions=False)
    runner = environment.runner = WebRunner(environment)
    web = Web(environment, runner, order.scenario)

    def drain() -> None:
        tell("interrupted")
        tally.stop()

    runner.users_at_work = lambda: tally.users
    runner.drain = drain
    tally.on_cells = web.add
    tell("web", url=web.start())


def _allow_many_connections() -> None:
    """A virtual user is a connection, and the usual limit of 1,024 files is for programs with few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _listen(orders: IO[bytes], calls: dict[bytes, Callable[[], object]]) -> None:
    """Does what it is asked to; without a parent there is nobody left to work for."""
    while word := orders.readline():
        if word in calls:
            calls[word]()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
