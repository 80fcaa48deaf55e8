"""One request while it is served: what is known of it so far."""

from .originals import clock

# bits of `turn`: a request with none of them takes the quick way through the hooks
WALKS = 1  # its calls are followed to the lines of code that make them
PROFILES = 2  # it began in PROFILE mode
SPILLS = 4  # it holds too many calls, which are to be written before it ends
OVER = 8


class Request:
    """One request while it is served."""

    __slots__ = (
        "bytes",
        "calls",
        "closed",
        "cpu",
        "exhausted",
        "first_byte",
        "flags",
        "gc",
        "id",
        "in_flight",
        "label",
        "loop",
        "max_step",
        "method",
        "named",
        "others",
        "prefix",
        "route",
        "sequence",
        "started",
        "statements",
        "status",
        "step",
        "step_started",
        "task",
        "thread",
        "tree",
        "turn",
        "wall",
    )

    def __init__(self, sequence, identity, method, step, flags, in_flight, turn=0, thread=0):
        self.sequence = sequence
        self.id = identity
        self.method = method  # name id, like route and step
        self.step = step
        self.route = 0
        self.named = False  # its route is final
        self.prefix = ""  # templates of the mounts around its route
        self.flags = flags
        self.turn = turn
        self.status = 0
        self.thread = thread
        self.in_flight = in_flight
        self.calls = []  # lists as in calls.py; written when it ends, until then they may still change
        self.others = 0  # of the calls, those that are no statements
        self.statements = 0  # counted when their calls are written
        self.closed = False
        self.exhausted = 0  # when its body ended, while its close() is still to come
        self.wall = self.first_byte = self.cpu = self.loop = self.max_step = -1
        self.gc = self.bytes = self.step_started = 0
        self.label = None  # its trampoline, PROFILE mode only
        self.task = None  # the task whose steps are timed
        self.tree = None  # its pyinstrument session, when it was chosen
        self.started = clock()
