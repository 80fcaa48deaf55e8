"""How the probe comes to life in a process of the target: the table of contents of the annex."""

import os
import sys

from .records import ENVIRONMENT


def start():
    """Arm everything; nothing is written and no thread runs before this process serves. None without a directory."""
    directory = os.environ.get(ENVIRONMENT)
    if not directory or not os.path.isdir(directory):
        return None
    from .importing import Finder
    from .recorder import Recorder

    recorder = Recorder(directory)
    finder = Finder(recorder)
    _enter(finder, recorder)
    _carry(finder, recorder)
    _hook(finder, recorder)
    sys.meta_path.insert(0, finder)
    _live(recorder)
    return recorder


def _enter(finder, recorder):
    from .entry.catalogue import ENTRIES

    for module, name, file, function in ENTRIES:
        finder.when(module, name, _late(recorder, file, function))


def _carry(finder, recorder):
    from .carriers import CARRIERS

    for module, name, install in CARRIERS:
        finder.when(module, name, lambda install=install: install(recorder))


def _hook(finder, recorder):
    try:
        from .hooks.catalogue import HOOKS
    except Exception as error:  # the entries are of use without them
        recorder.fault("hooks", error)
        return
    for module, file in HOOKS:
        finder.when(module, file.rstrip("_"), _late(recorder, "hooks." + file, "install"))


def _late(recorder, file, function):
    """install() of a file that is only read when its library is there."""

    def install():
        from importlib import import_module

        return getattr(import_module("." + file, __package__), function)(recorder)

    return install


def _live(recorder):
    import atexit

    atexit.register(recorder.stop)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=recorder.forked)
