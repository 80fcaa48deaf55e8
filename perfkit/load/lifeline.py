"""The generator's tie to its parent: once perfkit is gone, the kernel ends the generator before it sends anything more."""

import ctypes
import os
import signal

from perfkit.errors import LoadError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int) -> None:
    """Ends this process together with `parent`, even when the parent is killed hard."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        why = os.strerror(ctypes.get_errno())
        raise LoadError(f"the kernel does not tie the generator to its parent: {why}", hint="Run perfkit on Linux.")
    # The parent may have gone before the tie was made: then nobody is left to tell.
    if os.getppid() != parent:
        os._exit(1)
