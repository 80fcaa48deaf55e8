"""Who counts a statement: drivers whose hook is in place, and stretches in which nobody counts.

A statement counts once, at the lowest level that has a hook. An ORM asks `DRIVERS` before it counts in a driver's place.
"""

import contextvars

DRIVERS = set()  # the DRIVER of every hook that now counts statements; kept by the hooks' install() and undo

# True while a driver, pool or ORM speaks to the database on its own behalf: pings, set-up of a new connection.
QUIET = contextvars.ContextVar("perfkit_quiet", default=False)

# Name id of the call site, known before the work goes to a thread in which the caller's frames are not to be seen.
SITE = contextvars.ContextVar("perfkit_site", default=0)


def quietly(plain):
    """`plain`, but the statements that it issues are housekeeping and are not counted."""

    def quiet(*arguments, **keywords):
        token = QUIET.set(True)
        try:
            return plain(*arguments, **keywords)
        finally:
            QUIET.reset(token)

    return quiet
