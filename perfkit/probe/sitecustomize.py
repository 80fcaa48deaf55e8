"""Run by the target's interpreter before its own code: lets the next sitecustomize speak, then starts the probe."""

import os
import sys


def _next():
    """The environment's own sitecustomize, which ours hides: ours goes to the end of the path and out of the way."""
    here = os.path.dirname(os.path.abspath(__file__))
    ours = sys.modules.pop("sitecustomize", None)
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here or not entry]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.path.append(here)
        if ours is not None:
            sys.modules.setdefault("sitecustomize", ours)


def _start():
    directory = os.environ.get("PERFKIT_PROBE")
    if not directory or not os.path.isdir(directory):
        return
    try:
        from perfkit_probe import boot

        boot.start()
    except Exception as error:  # the target must start whatever happens to us; what happened is told beside the evidence
        try:
            with open(os.path.join(directory, "%d-0.events" % os.getpid()), "a", encoding="ascii") as file:
                why = ascii(error).replace('"', "'").replace("\\", "/")[:300]
            file.write('{"kind": "fault", "where": "sitecustomize", "why": "%s"}\n' % why)
        except OSError:
            pass


try:
    _next()
finally:
    _start()
