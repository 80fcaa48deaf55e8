"""Permission for perfkit (and py-spy, its child) to read this process where Yama restricts ptrace to parents."""

import os

from . import control

ENVIRONMENT = "PERFKIT_PTRACER"  # the pid of perfkit
YAMA = "/proc/sys/kernel/yama/ptrace_scope"
RESTRICTED = b"1"  # 0 allows anyway; 2 and 3 cannot be lifted from in here
PR_SET_PTRACER = 0x59616D61


def permit(recorder):
    """Needs doing again in every forked child: the permission is not inherited."""
    try:
        pid = control.ptracer(recorder.control) or int(os.environ.get(ENVIRONMENT) or 0)
        if pid > 0 and _scope() == RESTRICTED:
            _allow(pid)
    except Exception as error:  # without it py-spy is refused, and that is said by the collector
        recorder.fault("ptracer", error)


def _scope():
    try:
        descriptor = os.open(YAMA, os.O_RDONLY)
    except OSError:
        return b""  # no Yama, no restriction
    try:
        return os.read(descriptor, 16).strip()
    finally:
        os.close(descriptor)


def _allow(pid):
    import ctypes  # only here: most machines never need it

    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PTRACER, %d) was refused" % pid)
