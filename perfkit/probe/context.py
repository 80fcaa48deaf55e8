"""Which request is being served here: one context variable, copied by tasks and by whoever hands work to a thread."""

from contextvars import ContextVar, copy_context

__all__ = ["copy_context", "current"]

current: "ContextVar" = ContextVar("perfkit_request", default=None)
