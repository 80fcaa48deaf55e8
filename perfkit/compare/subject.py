"""What was compared with what: names, commits, and what else differs between the two than the code."""

from dataclasses import dataclass

from perfkit.compare.conditions import Conditions


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two; `label` is what the person typed."""

    kind: str  # revision, worktree, command, url, run
    label: str
    commit: str = ""
    dirty: bool = False
    shown: str = ""  # `main (4f2c1e0)`

    @property
    def title(self) -> str:
        """A working tree that differs from its commit says so."""
        return self.shown or self.label


@dataclass(frozen=True, slots=True)
class Subject:
    """Of one comparison."""

    id: str
    scenario: str
    started_at: str  # UTC, ISO 8601
    base: Version
    head: Version
    differences: tuple[str, ...] = ()  # beside the code, allowed by --allow
    cores: tuple[int, ...] = ()  # that both versions ran on
    client_cores: tuple[int, ...] = ()
    caveats: tuple[str, ...] = ()
    conditions: Conditions = Conditions()  # noqa: RUF009  frozen
