"""One request while it is served: what is known of it so far."""

from .originals import clock, native_id

MAX_UINT64 = 0xFFFFFFFFFFFFFFFF


class Request:
    """One request while it is served."""

    __slots__ = (
        "bytes",
        "closed",
        "cpu",
        "depth",
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
        "open",
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
        "wall",
    )

    def __init__(self, sequence, identity, method, step, flags, in_flight):
        self.sequence = sequence
        self.id = identity
        self.method = method  # name id, like route and step
        self.step = step
        self.route = 0
        self.named = False  # its route is final
        self.prefix = ""  # templates of the mounts around its route
        self.flags = flags
        self.status = 0
        self.thread = native_id()
        self.in_flight = in_flight
        self.statements = 0
        self.depth = 0
        self.closed = False
        self.exhausted = 0  # when its body ended, while its close() is still to come
        self.open = {}  # calls not finished yet, in order; each has finish()
        self.wall = -1
        self.first_byte = -1
        self.cpu = -1
        self.loop = -1
        self.max_step = -1
        self.gc = 0
        self.bytes = 0
        self.label = None  # its trampoline, PROFILE mode only
        self.task = None  # the task whose steps are timed
        self.step_started = 0
        self.tree = None  # its pyinstrument session, when it was chosen
        self.started = clock()


def identity_of(text):
    """The number in ID_HEADER; 0 for anything that perfkit did not send."""
    try:
        number = int(text, 16)
    except ValueError:
        return 0
    return number if 0 < number <= MAX_UINT64 else 0
