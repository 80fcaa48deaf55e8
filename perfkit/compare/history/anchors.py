"""Which releases are anchors, which comparisons belong to which, and how the series of one is chained to that of the next."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.compare.history.entry import Entry
from perfkit.compare.history.order import Order
from perfkit.compare.sources import SHORT
from perfkit.evidence import Missing

# One comparison with a base makes no series: it is the question of a pull request.
FEWEST: Final = 2


@dataclass(frozen=True, slots=True)
class Link:
    """Comparisons of one scenario with one anchor, in the order of their heads."""

    base: str
    label: str  # what people call it
    scenario: str  # digest
    entries: tuple[Entry, ...]

    @property
    def shown(self) -> str:
        """`v1.4 (4f2c1e0)`."""
        return self.label if self.base.startswith(self.label) and self.label else named(self.label, self.base)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Comparisons that the old anchor has with the new one; none: why the series is cut there."""

    entries: tuple[Entry, ...]
    why: str = ""


def named(label: str, commit: str) -> str:
    return f"{label} ({commit[:SHORT]})" if label else commit[:SHORT]


def links(entries: Sequence[Entry], order: Order, anchors: Sequence[str]) -> tuple[tuple[Link, ...], tuple[Entry, ...]]:
    """By anchor, the newest last, each only up to where the next one takes over; and what belongs to none.

    `anchors` are the commits that were named; without any, every base that several heads were compared with is one.
    """
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.base, entry.conditions.scenario].append(entry)
    chosen = {
        key: order.sorted(group)
        for key, group in groups.items()
        if (key[0] in anchors if anchors else len({entry.commit for entry in group}) >= FEWEST)
    }
    aside = tuple(entry for key, group in groups.items() if key not in chosen for entry in group)
    # A newer anchor has a newer first head; of one anchor under two scenarios, the newer scenario does.
    ranked = sorted(chosen.items(), key=lambda item: (_place(item[1][0], order), min(entry.started_at for entry in item[1])))
    found: list[Link] = []
    for rank, ((base, scenario), group) in enumerate(ranked):
        following = ranked[rank + 1][1][0] if rank + 1 < len(ranked) else None
        kept = tuple(entry for entry in group if following is None or _place(entry, order) < _place(following, order))
        label = next((entry.base_label for entry in reversed(group) if entry.base_label), "")
        found.append(Link(base, label, scenario, kept))
    return tuple(found), aside


def overlap(old: Link, new: Link, entries: Sequence[Entry]) -> Overlap:
    """How the new anchor was measured against the old one."""
    if old.scenario != new.scenario:
        return Overlap((), f"the scenario that {new.shown} was compared with is another one")
    found = tuple(
        entry
        for entry in entries
        if (entry.base, entry.commit, entry.conditions.scenario) == (old.base, new.base, old.scenario) and not entry.dirty
    )
    why = f"{old.shown} and {new.shown} were never compared (`perfkit compare {_typed(old)} {_typed(new)}` chains them)"
    return Overlap(found, "" if found else why)


def chains(links_: Sequence[Link], entries: Sequence[Entry]) -> Iterator[tuple[tuple[Link, ...], tuple[Overlap, ...]]]:
    """Links that hang together, with the overlap after each but the last; and the overlap that failed ends a chain."""
    held: list[Link] = []
    between: list[Overlap] = []
    for link in links_:
        if held:
            step = overlap(held[-1], link, entries)
            between.append(step)
            if not step.entries:
                yield tuple(held), tuple(between)
                held, between = [], []
        held.append(link)
    if held:
        yield tuple(held), tuple(between)


def _typed(link: Link) -> str:
    return link.label or link.base[:SHORT]


def _place(entry: Entry, order: Order) -> tuple[int, str]:
    places = order.places
    return (0, entry.started_at) if isinstance(places, Missing) else (places.get(entry.commit, -1), "")
