"""What the probe writes and perfkit reads: fixed binary records beside one file of named strings and events.

This module is the border between the two interpreters: standard library only, Python 3.8 and newer,
imported by perfkit as `perfkit.probe.records` and in the target as `perfkit_probe.records`.

A process of the target writes, in the probe's directory, three files that share a stem (`<pid>-<start>`):

    <stem>.requests   REQUEST records, one per request, in the order in which they ended
    <stem>.calls      CALL records: statements, connects, pool waits, outbound calls, lock waits
    <stem>.events     one JSON object per line: {"kind": "name", "id": 7, "text": "GET /orders"}, hooks, plans, blockers

Strings (endpoints, statements, call sites, hosts) travel once, as a `name` event; records carry their id; 0 is "none".
Times are integers of nanoseconds of CLOCK_MONOTONIC, which the generator on the same machine shares.
"""

import struct

FORMAT = 1

ENVIRONMENT = "PERFKIT_PROBE"  # the directory that the probe writes to; also carries the control file
CONTROL = "control"  # CONTROL_SIZE bytes, memory-mapped: byte 0 is the mode, see MODES; byte 1 is 1 when no plans are wanted
CONTROL_SIZE = 64
MEASURE = 0  # light: records only
PROFILE = 1  # extra: call sites always, plans, per-statement CPU, trampolines, pyinstrument on sampled requests
COUNT = 2  # instead: call sites always, and each request's function calls and memory counted; slow, and one request at a time
MODES = (MEASURE, PROFILE, COUNT)

ID_HEADER = "x-perfkit-id"  # 16 hexadecimal digits, not zero
STEP_HEADER = "x-perfkit-step"  # the step's name, percent-encoded: the endpoint of last resort
SERVICE_PREFIX = "perfkit:ep:"  # synthetic file name of a trampoline frame: <perfkit:ep:17>

# flags of a request
ASYNCHRONOUS = 1  # served on an event loop: cpu is unknown, loop and max_step are known
PROFILED = 2  # the probe was in PROFILE mode when the request began
SAMPLED = 4  # pyinstrument ran on it
RAISED = 8  # the application raised
STREAMED = 16  # the body was still produced after the application returned
COUNTED = 32  # the probe was in COUNT mode when the request began

# kinds of a call
STATEMENT = 1
CONNECT = 2
POOL_WAIT = 3
OUTBOUND = 4
LOCK = 5
THREAD_POOL = 6
KINDS = ("", "statement", "connect", "pool_wait", "outbound", "lock", "thread_pool")

# (field, struct code); -1 in a time means "could not be known"
REQUEST_FIELDS = (
    ("sequence", "I"),  # of this process, from 1; a CALL's `request` refers to it
    ("flags", "H"),
    ("status", "H"),
    ("id", "Q"),  # of ID_HEADER; 0 when the client sent none
    ("thread", "I"),  # native id
    ("in_flight", "H"),  # requests already inside this process when it began
    ("method", "H"),  # name id
    ("route", "I"),  # name id of the route template; 0 when no framework named one
    ("step", "I"),  # name id of STEP_HEADER's value
    ("statements", "I"),
    ("started", "q"),
    ("wall", "q"),  # until the last byte of the body was handed to the server
    ("first_byte", "q"),  # from started
    ("cpu", "q"),  # of the serving thread
    ("loop", "q"),  # time spent running on the event loop
    ("max_step", "q"),  # the longest stretch without giving the loop back
    ("gc", "q"),
    ("bytes", "q"),  # of the body, as handed to the server
)
CALL_FIELDS = (
    ("request", "I"),  # sequence of the request; 0 outside any request
    ("kind", "B"),
    ("flags", "B"),  # 1: inside a transaction, 2: failed
    ("rows", "i"),  # fetched, or affected; -1 unknown
    ("name", "I"),  # the statement's shape, the host, the pool
    ("site", "I"),  # call site "file:line in function"; 0 when it was not walked
    # hash of the parameters; 0 without. It is Python's own, so it compares within one process (and among workers that were
    # forked from one master, which share its seed), never between runs.
    ("parameters", "Q"),
    ("result", "I"),  # checksum of the fetched rows, PROFILE mode only; 0 without
    ("started", "q"),
    ("wall", "q"),  # statements: with their fetches
    ("cpu", "q"),  # PROFILE mode on a thread of its own; else -1
)
REQUEST = struct.Struct("<" + "".join(code for _, code in REQUEST_FIELDS))
CALL = struct.Struct("<" + "".join(code for _, code in CALL_FIELDS))

# what a gauge is of: places that are taken, except where it says nanoseconds that something was busy
SLOTS = "slots"  # requests that a server takes in at once
THREADS = "thread_pool"
POOL = "pool"  # connections
LOCK_HELD = "lock"
EVENT_LOOP = "event_loop"  # nanoseconds
GIL = "gil"  # nanoseconds
RESOURCES = (SLOTS, THREADS, POOL, LOCK_HELD, EVENT_LOOP, GIL)

CALL_IN_TRANSACTION = 1
CALL_FAILED = 2

# kinds of an event line
EVENT_STARTED = "started"  # format, pid, ppid, python, prefix, executable, monotonic_ns, real_ns
EVENT_SERVER = "server"  # name, version: an entry point fired in this process, so it serves
EVENT_FRAMEWORK = "framework"  # name, version
EVENT_NAME = "name"  # id, text
EVENT_HOOK = "hook"  # name, state ("installed" | "failed" | "unsupported"), version, why
EVENT_PLAN = "plan"  # shape (name id), engine, plan (list of text lines or JSON), tables: {name: rows}
EVENT_BLOCKER = "blocker"  # method, route, step (name ids), started, wall, stack (root first: "function (file:line)")
EVENT_LAG = "lag"  # started, wall: the loop was late, nobody could be named
EVENT_CALL_TREE = (
    "call_tree"  # route, step, method (name ids), started, wall (ns), stacks: [[["function (file:line)", ...], seconds], ...]
)
EVENT_LABEL = "label"  # id: the N of <perfkit:ep:N>; route, step, method (name ids)
EVENT_COST = "cost"  # request, call: what the probe adds, CPU nanoseconds, timed in this process
EVENT_COUNTED = "counted"  # COUNT mode: id (of ID_HEADER), calls, allocated, peak (bytes), kept (blocks); -1: not known
EVENT_GAUGES = "gauges"  # at, seen: [[resource, name, used, waiting, size], ...], see RESOURCES
EVENT_FAULT = "fault"  # where, why: the probe's own failure, said instead of swallowed
