"""Which phase an instant belongs to: a request counts for the phase in which it was meant to leave."""

from perfkit.evidence import Phase


class Phases:
    """The phases that have begun, in order; the last one lasts until the next begins."""

    def __init__(self) -> None:
        self._begun: list[tuple[float, Phase]] = []

    def begin(self, phase: Phase, at: float) -> None:
        self._begun.append((at, phase))

    @property
    def current(self) -> Phase | None:
        return self._begun[-1][1] if self._begun else None

    @property
    def began_at(self) -> float:
        return self._begun[-1][0]

    def at(self, instant: float) -> Phase:
        """The phase of an instant; what was due before the first phase belongs to the first."""
        for began_at, phase in reversed(self._begun):
            if instant >= began_at:
                return phase
        return self._begun[0][1]
