"""What the three tiers of a comparison leave behind, as one value: all that judging may look at."""

from dataclasses import dataclass
from typing import Final

from perfkit.compare.change import Change
from perfkit.evidence import Missing, Table
from perfkit.stats.verdict import Look

NOT_ASKED: Final = Missing("nobody asked for it")


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Tables of pairs.parquet, bursts.parquet and windows.parquet, exact changes, and how long the two measurements took."""

    pairs: Table
    bursts: Table = NOT_ASKED
    counters: tuple[Change, ...] | Missing = NOT_ASKED
    pairs_lasted: float = 0.0  # seconds, without starts and warm-ups
    pairs_share: float = 1.0  # of the blocks that were planned
    bursts_lasted: float = 0.0
    bursts_share: float = 1.0
    # Shares of the planned blocks at which the alternation was looked at before its end, and what those looks decided.
    looks: tuple[float, ...] = ()
    decided: frozenset[tuple[str, str]] = frozenset()  # endpoint, metric
    stopped_early: bool = False
    interrupted: bool = False
    windows: Table = NOT_ASKED
    regressed_early: bool = False  # it stopped since the answer is certain, whatever the rest would have said

    @property
    def look(self) -> Look:
        """After a regression that is certain nothing else is decided on half of the blocks; otherwise this is the end."""
        if self.regressed_early:
            return Look(self.looks, final=False)
        ended_with_a_look = bool(self.looks) and self.pairs_share <= self.looks[-1]
        return Look(self.looks if self.stopped_early or ended_with_a_look else (*self.looks, self.pairs_share))
