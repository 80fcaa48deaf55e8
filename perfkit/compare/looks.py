"""Whether a comparison may end before its time: looks at the alternation between restarts, paid for by their level."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from perfkit.compare.metric import ERRORS, bursts_of
from perfkit.compare.series import Series, of_times
from perfkit.compare.settings import Settings
from perfkit.compare.timed import endpoints
from perfkit.stats.outcome import Outcome
from perfkit.stats.quantiles import Numbers
from perfkit.stats.spending import FIRST_LOOK
from perfkit.stats.verdict import Look, TimeVerdict, judge

_NOTHING: Numbers = np.empty(0)


@dataclass(slots=True)
class Looks:
    """Handed to the alternation, which asks before each restart; remembers what it was asked, for the judgement at the end."""

    settings: Settings
    planned: int  # restarts; all of them get the same time
    shares: list[float] = field(default_factory=list[float])
    decided: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    regressed: bool = False  # and that is why it stopped
    stopped: bool = False

    def __call__(self, pairs: pl.DataFrame) -> bool:
        """True when it may stop: a typical request regressed beyond the margin, or every one of them is decided."""
        done = pairs["restart"].n_unique() if pairs.height else 0
        if pairs["block"].n_unique() < FIRST_LOOK or done >= self.planned:
            return False
        self.shares.append(done / self.planned)
        timed = endpoints(pairs)
        gated = [one for one in of_times(timed) if one.metric.gate in self.settings.gate]
        counts = [one.errors for one in timed] if ERRORS.gate in self.settings.gate else []
        # Bursts come later and belong to the same family: tests without a value yet, which nothing can reject.
        later = len(timed) * len(self.settings.burst_sizes) * len(bursts_of(1)) if "burst" in self.settings.gate else 0
        decided = [(one.endpoint, one.metric.id) in self.decided for one in gated]
        verdicts = judge(
            [*(one.ratios.ratios for one in gated), *[_NOTHING] * later],
            counts,
            rules=self.settings.rules,
            look=Look(tuple(self.shares), final=False),
            already=[*decided, *[False] * (later + len(counts))],
            seed=self.settings.seed,
        ).times[: len(gated)]
        return self._may_stop(gated, verdicts)

    def _may_stop(self, gated: list[Series], verdicts: tuple[TimeVerdict, ...]) -> bool:
        changed = (Outcome.REGRESSED, Outcome.IMPROVED)
        found = [(one, verdict) for one, verdict in zip(gated, verdicts, strict=True) if verdict.outcome in changed]
        self.decided |= {(one.endpoint, one.metric.id) for one, _ in found}
        deciding = [(one, verdict) for one, verdict in zip(gated, verdicts, strict=True) if one.decides]
        self.regressed = any(verdict.outcome is Outcome.REGRESSED and verdict.severe for _, verdict in deciding)
        self.stopped = self.regressed or (bool(deciding) and all(verdict.outcome in changed for _, verdict in deciding))
        return self.stopped
