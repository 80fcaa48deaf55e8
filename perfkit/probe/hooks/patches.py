"""Attributes of other people's classes and modules, replaced and put back."""


class Patches:
    """What one hook replaced; calling it puts everything back, the latest first.

    As a context manager it does so when installing the hook fails half-way: a driver is hooked whole or not at all.
    """

    def __init__(self):
        self._undo = []

    def put(self, owner, name, value):
        """Set `owner.name`, remembering whether it was its own or inherited."""
        if name in vars(owner):
            was = vars(owner)[name]
            self._undo.append(lambda: setattr(owner, name, was))
        else:
            self._undo.append(lambda: delattr(owner, name))
        setattr(owner, name, value)

    def wrap(self, owner, name, wrapper):
        """Replace the function `owner.name` by `wrapper(function)`; raises when this version of a driver has none."""
        if name not in vars(owner):
            raise AttributeError(f"{getattr(owner, '__qualname__', owner)} has no {name}")
        self.put(owner, name, wrapper(vars(owner)[name]))

    def wrap_if_there(self, owner, name, wrapper):
        """For what only some versions define, or only some classes for themselves."""
        if name in vars(owner):
            self.wrap(owner, name, wrapper)

    def later(self, undo):
        """Something else to undo."""
        self._undo.append(undo)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not None:
            self()

    def __call__(self):
        while self._undo:
            self._undo.pop()()
