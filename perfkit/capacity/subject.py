"""Whose capacity a search is about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose capacity it is."""

    id: str
    scenario: str
    started_at: str
    commit: str
    dirty: bool
    machine: str
    left_out: tuple[str, ...]  # objectives that nothing is judged by, and why
