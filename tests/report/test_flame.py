"""Trees of frames as data of the flame view."""

from typing import Any

from perfkit.page import Flame, Frame, Versions
from perfkit.report import flame


def a_flame(*children: Frame, value: float = 1.0) -> Flame:
    return Flame("f", Frame("all", value, children), "time")


def test_frames_stand_in_reading_order_widest_sibling_first() -> None:
    nodes = flame.flatten(a_flame(Frame("small", 0.2), Frame("big", 0.7, (Frame("inner", 0.5),))))

    assert [(node.name, node.depth) for node in nodes] == [("all", 0), ("big", 1), ("inner", 2), ("small", 1)]


def test_frames_too_narrow_to_see_are_merged() -> None:
    crumbs = tuple(Frame(f"crumb {number}", 0.001) for number in range(50))

    nodes = flame.flatten(a_flame(Frame("big", 0.9), *crumbs))

    assert [node.name for node in nodes] == ["all", "big", "…"]
    assert round(nodes[-1].value, 6) == 0.05
    assert nodes[-1].place == "50 frames too small to draw"


def test_runaway_recursion_is_cut_and_does_not_break_us() -> None:
    frame = Frame("bottom", 1.0)
    for _ in range(20_000):
        frame = Frame("again", 1.0, (frame,))

    nodes = flame.flatten(Flame("f", frame, "time"))

    assert len(nodes) == flame.MAX_DEPTH + 2
    assert nodes[-1].name == "…"


def test_texts_are_interned_and_values_come_formatted() -> None:
    data: Any = flame.data(a_flame(Frame("work", 0.25, own=True, place="shop/a.py:3"), Frame("work", 0.25), value=0.5))

    assert data["width"] == [1_000_000, 500_000, 500_000]
    assert data["own"] == [0, 1, 0]
    assert data["name"][1] == data["name"][2]
    assert [data["texts"][index] for index in data["value"]] == ["500 ms", "250 ms", "250 ms"]


def test_the_text_alternative_names_where_the_time_is_spent() -> None:
    text = flame.alternative(a_flame(Frame("work", 0.75, (Frame("rest", 0.25),)), Frame("idle", 0.25)))

    assert text == "1 s in all; most in the frame itself: work 50 %, rest 25 %, idle 25 %"


def test_a_flame_of_nothing_is_drawn_as_nothing() -> None:
    assert flame.alternative(a_flame(value=0.0)) == "nothing was sampled"
    assert flame.data(a_flame(Frame("x", float("nan")), value=0.0))


def of_two(name: str, base: float, head: float, *children: Frame, change: float | None = None) -> Frame:
    return Frame(name, (base + head) / 2, children, versions=Versions(base, head, change))


def test_a_frame_of_two_versions_has_a_colour_only_where_it_surely_changed() -> None:
    slower, faster = of_two("slower", 0.1, 0.5, change=0.4), of_two("faster", 0.3, 0.2, change=-0.1)
    data: Any = flame.data(Flame("f", of_two("all", 0.6, 0.9, slower, faster, of_two("same", 0.2, 0.21)), "time"))

    tones = dict(zip((data["texts"][index] for index in data["name"]), data["tone"], strict=True))
    assert tones == {"all": 0, "slower": 100, "faster": -51, "same": 0}
    assert "100 ms → 500 ms (+400 ms)" in data["texts"]
    assert "200 ms → 210 ms (no sure change)" in data["texts"]


def test_a_flame_of_one_version_has_no_tones() -> None:
    assert "tone" not in flame.data(a_flame(Frame("work", 0.5)))  # type: ignore[operator]


def test_what_surely_changed_is_told_to_those_who_see_no_colours() -> None:
    inner = of_two("render", 0.1, 0.5, change=0.4)

    text = flame.alternative(Flame("f", of_two("all", 0.6, 1.0, of_two("view", 0.6, 1.0, inner, change=0.4)), "time"))

    assert text == "600 ms → 1 s in all; surely changed: render +400 ms"


def test_two_versions_that_are_alike_are_told_as_alike() -> None:
    assert flame.alternative(Flame("f", of_two("all", 0.6, 0.6), "time")).endswith("surely changed: nothing")
