"""What the probe needs of the interpreter, taken before gevent or eventlet can put something else in its place."""

import _thread
import os
import time

clock = time.perf_counter_ns  # CLOCK_MONOTONIC on Linux: the generator's clock too
thread_clock = time.thread_time_ns
sleep = time.sleep
write = os.write
start_thread = _thread.start_new_thread
allocate_lock = _thread.allocate_lock
thread_ident = _thread.get_ident  # the key of sys._current_frames()
thread_local = _thread._local
native_id = _thread.get_native_id  # what py-spy and /proc speak; idents are shared by forked workers
