"""Hooks that run right after a module was imported, whoever imports it and whenever."""

import os
import sys


class Finder:
    """First on sys.meta_path: lets the others find a module, and has a word with its loader if somebody waits for it."""

    def __init__(self, recorder):
        self._recorder = recorder
        self._waiting = {}  # module name → [(hook name, install)]

    def when(self, module, name, install):
        """Call install() once `module` is imported: now, if it already is."""
        if module in sys.modules and not _is_being_imported(sys.modules[module]):
            self._run(module, name, install)
        else:
            self._waiting.setdefault(module, []).append((name, install))

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self._waiting:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec = find(fullname, path, target)
            if spec is not None:
                self._watch(spec)
                return spec
        return None

    # Some packaging tools ask every finder for its distributions; we have none.
    def invalidate_caches(self):
        """Nothing is cached here."""

    def _watch(self, spec):
        loader = spec.loader
        plain = getattr(loader, "exec_module", None)
        if plain is None:
            return

        def exec_module(module):
            try:
                vars(loader).pop("exec_module", None)
            finally:
                plain(module)
            self._imported(module.__name__)

        try:
            loader.exec_module = exec_module
        except (AttributeError, TypeError) as error:  # a loader with __slots__ or a built-in one
            self._recorder.fault("import of " + spec.name, error)

    def _imported(self, module):
        for name, install in self._waiting.pop(module, ()):
            self._run(module, name, install)

    def _run(self, module, name, install):
        recorder = self._recorder
        version = version_of(module)
        try:
            outcome = install()
        except Exception as error:  # a failed hook is something to report, never an exception in the target
            recorder.hook(name, "failed", version, "%s: %s" % (type(error).__name__, error))
            return
        if outcome is not None:
            recorder.hook(name, "installed", version)


def _is_being_imported(module):
    return getattr(getattr(module, "__spec__", None), "_initializing", False)


def version_of(module):
    """Version of the distribution that a module belongs to, as far as it says so itself; never imports anything."""
    package = sys.modules.get(module.split(".", 1)[0])
    for attribute in ("__version__", "VERSION", "version"):
        # vars, not getattr: Flask and others answer __version__ lazily with a warning.
        found = vars(package).get(attribute) if package is not None else None
        if isinstance(found, str):
            return found
        if isinstance(found, tuple):
            return ".".join(str(part) for part in found[:3])
    return _installed_version(package)


def _installed_version(package):
    """From the name of the folder beside the package: `flask-3.1.3.dist-info`; importlib.metadata costs far more."""
    paths = list(getattr(package, "__path__", ()))
    if not paths:
        return ""
    name = package.__name__.lower() + "-"
    try:
        beside = os.listdir(os.path.dirname(paths[0]))
    except OSError:
        return ""
    for folder in beside:
        if folder.lower().startswith(name) and folder.endswith(".dist-info"):
            return folder[len(name) : -len(".dist-info")]
    return ""
