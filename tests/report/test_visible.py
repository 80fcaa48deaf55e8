"""Unseen characters become signs."""

from hypothesis import given
from hypothesis import strategies as st

from perfkit.report.visible import clip, clip_middle, one_line, visible


def test_line_ends_and_ordinary_letters_stay() -> None:
    assert visible("a\tb\r\nc é ✓ 漢") == "a\tb\nc é ✓ 漢"


def test_what_moves_a_cursor_or_turns_text_around_is_numbered() -> None:
    assert visible("\x1b[0m\r\u202e\u2066\x85") == "⟨U+001B⟩[0m⟨U+000D⟩⟨U+202E⟩⟨U+2066⟩⟨U+0085⟩"


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_encodable_and_stays_what_it_is_when_seen_again(text: str) -> None:
    seen = visible(text)

    assert seen.encode().decode() == seen
    assert visible(seen) == seen


def test_one_line_has_no_breaks() -> None:
    assert one_line(" a\n\n b\tc ") == "a b c"


def test_clipping_keeps_the_limit() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip_middle("abcdefgh", 5) == "ab…gh"
    assert clip_middle("abc", 5) == "abc"
