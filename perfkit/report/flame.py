"""A tree of frames as the flame view's data: pruned, flattened, and small."""

from dataclasses import dataclass
from typing import Final

from perfkit.page import Flame, Frame
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


@dataclass(frozen=True, slots=True)
class Node:
    """A frame in reading order; its children follow it, one level deeper."""

    name: str
    place: str
    depth: int
    value: float
    self_value: float
    own: bool


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
        nodes.append(Node(name, place, depth, value, max(0.0, value - inner), frame.own))
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
    return {
        "name": [texts.setdefault(node.name, len(texts)) for node in nodes],
        "place": [texts.setdefault(node.place, len(texts)) for node in nodes],
        "value": [texts.setdefault(show(node.value, flame.unit), len(texts)) for node in nodes],
        "depth": [node.depth for node in nodes],
        "width": [round(node.value / total * MILLION) for node in nodes],
        "own": [int(node.own) for node in nodes],
        "texts": list(texts),
    }


def alternative(flame: Flame) -> str:
    """One line for those who do not see the view: where the time itself is spent."""
    nodes = flatten(flame)
    total = nodes[0].value
    spent: dict[str, float] = {}
    for node in nodes:
        if node.name != ELLIPSIS:
            spent[node.name] = spent.get(node.name, 0.0) + node.self_value
    if total <= 0 or not spent:
        return "nothing was sampled"
    top = sorted(spent.items(), key=lambda entry: -entry[1])[:TOLD]
    told = ", ".join(f"{clip(name, 60)} {show_share(value / total)}" for name, value in top if value > 0)
    return f"{show(total, flame.unit)} in all; most in the frame itself: {told or 'none'}"


def _value(frame: Frame) -> float:
    return max(0.0, number_of(frame.value) or 0.0)
