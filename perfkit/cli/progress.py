"""What a person sees while a run goes on: one live line on a terminal, a plain line now and then elsewhere."""

import time
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from perfkit.load.progress import Progress
from perfkit.units import show_rate, show_share, show_time

# Seconds between two lines where nothing can be overwritten, in a log of CI for one.
PLAIN_EVERY: Final = 10.0


class Watch:
    """Takes news and progress; writes to stderr, so that stdout stays for what the command prints at its end."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._said = 0.0

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def news(self, text: str) -> None:
        self.console.print(Text(f"· {text}"))
        self._said = time.monotonic()

    def progress(self, progress: Progress) -> None:
        self._line(shown(progress))

    def share(self, what: str, done: float) -> None:
        """Of something that knows how much of it is done, and nothing else to say meanwhile."""
        self._line(f"{what} {show_share(done)}")

    def _line(self, line: str) -> None:
        if self._live:
            # One line, however narrow: a second one would be left behind when the terminal scrolls.
            self._live.update(Text(line, no_wrap=True, overflow="ellipsis"))
        elif time.monotonic() - self._said >= PLAIN_EVERY:
            self.news(line)


def shown(progress: Progress) -> str:
    """`measure 0:31 of 1:00  36/s  p95 84 ms  1,204 requests  0 % errors  12 users`."""
    total = f" of {clock(progress.total)}" if progress.total is not None else ""
    p95 = f"p95 {show_time(progress.p95)}" if progress.p95 is not None else "p95 –"
    share = progress.errors / progress.requests if progress.requests else 0.0
    return (
        f"{progress.phase} {clock(progress.elapsed)}{total}  {show_rate(progress.rate)}  {p95}  "
        f"{progress.requests:,} requests  {show_share(share)} errors  {progress.users} user{'s' if progress.users != 1 else ''}"
    )


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}"
