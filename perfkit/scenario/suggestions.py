"""`did you mean ...?`: the nearest of the words that would have been right."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or the words that there are when none is near."""
    known = list(words)
    return nearest(word, known) or (f" (one of {', '.join(known)})" if known else "")


def nearest(word: str, words: Iterable[str]) -> str:
    """The same, for a word that may be right elsewhere: no list of all there are."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
