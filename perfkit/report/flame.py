"""A tree of frames as the flame view's data: pruned, flattened, and small."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from perfkit.page import Flame, Frame, Unit, Versions
from perfkit.report.cells import number_of, show
from perfkit.report.embedding import Json
from perfkit.report.visible import clip, clip_middle, one_line
from perfkit.units import show_share

MIN_SHARE: Final = 0.002  # narrower than 2 px on a 1,000 px view: nobody can read or hit it
MAX_DEPTH: Final = 160  # runaway recursion: deeper frames say the same again
LONGEST_NAME: Final = 200
MILLION: Final = 1_000_000  # widths travel as whole millionths of the root
ELLIPSIS: Final = "…"
TOLD: Final = 3  # frames named by the text alternative
FULL: Final = 100  # the tone of the frame that changed most; faster ones are below zero
PALEST: Final = 35  # a change that is sure must be seen, however small beside the largest


@dataclass(frozen=True, slots=True)
class Node:
    """A frame in reading order; its children follow it, one level deeper."""

    name: str
    place: str
    depth: int
    value: float
    self_value: float
    own: bool
    versions: Versions | None = None


def flatten(flame: Flame) -> list[Node]:
    """The frames worth drawing, root first; siblings too narrow to see are merged into one `…`."""
    total = _value(flame.root)
    nodes: list[Node] = []
    # A stack instead of recursion: target stacks may be deeper than ours may go.
    waiting: list[tuple[Frame, int]] = [(flame.root, 0)]
    while waiting:
        frame, depth = waiting.pop()
        value, children = _value(frame), sorted(frame.children, key=_value, reverse=True)
        inner = sum(map(_value, children))
        name, place = clip(one_line(frame.name), LONGEST_NAME), clip_middle(one_line(frame.place), LONGEST_NAME)
        nodes.append(Node(name, place, depth, value, max(0.0, value - inner), frame.own, frame.versions))
        wide = [child for child in children if _value(child) >= total * MIN_SHARE and depth < MAX_DEPTH]
        rest = inner - sum(map(_value, wide))
        if rest > total / MILLION:
            waiting.append((Frame(ELLIPSIS, rest, place=f"{len(children) - len(wide)} frames too small to draw"), depth + 1))
        waiting += [(child, depth + 1) for child in reversed(wide)]
    return nodes


def data(flame: Flame) -> Json:
    """Columns of the nodes; texts that repeat are interned, values come formatted."""
    nodes = flatten(flame)
    total = nodes[0].value or 1.0
    texts: dict[str, int] = {}
    tones: dict[str, Json] = {"tone": list(_tones(nodes))} if compares(flame) else {}
    return {
        "name": [texts.setdefault(node.name, len(texts)) for node in nodes],
        "place": [texts.setdefault(node.place, len(texts)) for node in nodes],
        "value": [texts.setdefault(_shown(node, flame.unit), len(texts)) for node in nodes],
        "depth": [node.depth for node in nodes],
        "width": [round(node.value / total * MILLION) for node in nodes],
        "own": [int(node.own) for node in nodes],
        **tones,
        "texts": list(texts),
    }


def alternative(flame: Flame) -> str:
    """One line for those who do not see the view: where the time itself is spent."""
    nodes = flatten(flame)
    total = nodes[0].value
    if nodes[0].versions is not None:
        return _changes(nodes, nodes[0].versions, flame.unit)
    spent: dict[str, float] = {}
    for node in nodes:
        if node.name != ELLIPSIS:
            spent[node.name] = spent.get(node.name, 0.0) + node.self_value
    if total <= 0 or not spent:
        return "nothing was sampled"
    top = sorted(spent.items(), key=lambda entry: -entry[1])[:TOLD]
    told = ", ".join(f"{clip(name, 60)} {show_share(value / total)}" for name, value in top if value > 0)
    return f"{show(total, flame.unit)} in all; most in the frame itself: {told or 'none'}"


def compares(flame: Flame) -> bool:
    """Two versions are in it."""
    return flame.root.versions is not None


def _changes(nodes: list[Node], whole: Versions, unit: Unit) -> str:
    """Of two versions: where the innermost sure changes are."""
    sure = [node for place, node in enumerate(nodes) if _sure(node) and not _has_sure_child(nodes, place)]
    sure.sort(key=lambda node: -abs(_sure(node)))
    told = ", ".join(f"{clip(node.name, 60)} {_signed(_sure(node), unit)}" for node in sure[:TOLD])
    return f"{show(whole.base, unit)} → {show(whole.head, unit)} in all; surely changed: {told or 'nothing'}"


def _has_sure_child(nodes: list[Node], place: int) -> bool:
    own = nodes[place]
    for node in nodes[place + 1 :]:
        if node.depth <= own.depth:
            return False
        if node.depth == own.depth + 1 and _sure(node) * _sure(own) > 0:
            return True
    return False


def _tones(nodes: list[Node]) -> Iterator[int]:
    """-100 to 100: how strong a colour the frame gets, 0 for none."""
    most = max((abs(_sure(node)) for node in nodes), default=0.0)
    for node in nodes:
        share = abs(_sure(node)) / most if most else 0.0
        strength = PALEST + (FULL - PALEST) * share if share else 0.0
        yield round(strength if _sure(node) > 0 else -strength)


def _sure(node: Node) -> float:
    return (node.versions.change if node.versions is not None else None) or 0.0


def _shown(node: Node, unit: Unit) -> str:
    versions = node.versions
    if versions is None:
        return show(node.value, unit)
    both = f"{show(versions.base, unit)} → {show(versions.head, unit)}"
    return f"{both} ({_signed(versions.change, unit) if versions.change is not None else 'no sure change'})"


def _signed(value: float, unit: Unit) -> str:
    return f"{'+' if value > 0 else ''}{show(value, unit)}"


def _value(frame: Frame) -> float:
    return max(0.0, number_of(frame.value) or 0.0)
