"""What judging concludes: rules, findings with their exhibits, and the four outcomes of a rule."""

import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import polars as pl

from perfkit.evidence import Caveat, Need
from perfkit.slo.judge import Verdict
from perfkit.validity import Validity


class Family(StrEnum):
    """The kind of work that a rule's fix is."""

    QUERIES = "queries"
    INDEXES = "indexes"
    CACHING = "caching"
    POOLING = "pooling"
    ASYNC = "async"
    CPU = "cpu"
    MEMORY = "memory"
    PAYLOAD = "payload"
    CAPACITY = "capacity"


class Level(StrEnum):
    """How well a finding is proven, best first."""

    VERIFIED = "verified"  # tried, and it helped
    MEASURED = "measured"  # counted
    PREDICTED = "predicted"  # modelled from measured inputs
    HINT = "hint"  # worth a look
    REFUTED = "refuted"  # tried, and it did not help


@dataclass(frozen=True, slots=True)
class Rule:
    """What a detector declares; its module's docstring says the rest."""

    id: str  # noun of the failing state; reads after "allow ..."
    title: str
    family: Family
    needs: tuple[Need, ...]
    fix: str  # one imperative sentence
    fixes: Mapping[str, str] = field(default_factory=dict)  # the same for a framework or library: {"sqlalchemy": ...}

    def fix_for(self, frameworks: Container[str]) -> str:
        """The fix in the words of the first of `fixes` that the target is made of."""
        return next((fix for name, fix in self.fixes.items() if name in frameworks), self.fix)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """The rows that prove a finding. Columns named *_time or *_at are seconds, *bytes are bytes, *share are 0 to 1."""

    title: str
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that found something at a place.

    `saving` is in seconds of server time per request of the endpoint (None: no time is claimed, e.g. bytes or memory).
    `share_of_server_time` is filled in by analyze: saving x requests / all server time of the run.
    """

    rule: Rule
    where: str  # endpoint
    level: Level
    message: str  # place and numbers, no advice
    saving: float | None = None
    saving_interval: tuple[float, float] | None = None
    call_site: str = ""  # "shop/orders.py:41 in order_lines"
    statement: str = ""  # the shape, when the finding is about one
    exhibits: tuple[Exhibit, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    fix: str = ""  # framework-specific; the rule's own when empty
    share_of_server_time: float | None = None

    @property
    def fingerprint(self) -> str:
        """Identity across runs: rule, endpoint, statement and call-site function, never a line number."""
        function = self.call_site.rpartition(" in ")[2]
        text = f"{self.rule.id}\0{self.where}\0{self.statement}\0{function}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A rule that could not look, and why."""

    rule: Rule
    why: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A rule that raised: our bug."""

    rule: Rule
    why: str
    trace: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that judging has to say of one run; findings.json is this, written down."""

    findings: tuple[Finding, ...]  # ranked
    clean: tuple[Rule, ...]
    skipped: tuple[Skipped, ...]
    failed: tuple[Failed, ...]
    slo: Verdict
    validity: Validity
    endpoints: pl.DataFrame
    breakdown: pl.DataFrame | None
    total: Mapping[str, Any]
    observer: Mapping[str, float]
    caveats: tuple[Caveat, ...] = ()
