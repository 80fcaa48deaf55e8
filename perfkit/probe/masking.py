"""A statement without its literals: what is left is its shape, and nothing of anybody's data."""

import re

# Order matters: what is recognised earlier is protected from what comes later.
_TOKEN = re.compile(
    r"""
      (?P<keep>"(?:[^"]|"")*"|`[^`]*`)                     # quoted identifiers, in which digits are names
    | (?P<comment>/\*.*?\*/|--[^\n]*)                      # may carry trace ids
    | (?P<text>[EeNnXxBb]?'(?:[^']|'')*'|\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$)
    | (?P<parameter>%\([^)]*\)[sbt]|%[sbt]|\?\d*|\$\d+|(?<!:):[A-Za-z_]\w*|@\w+)
    | (?P<number>(?<![\w.$@])(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?!\w))
    """,
    re.VERBOSE | re.DOTALL,
)
_PARAMETER = r"(?:\?\d*|%s|%b|%t|%\([^)]*\)[sbt]|\$\d+|:[A-Za-z_]\w*)(?:::[\w.]+(?:\[\])?)?"
# `IN (?, ?, ?)` and `VALUES (?, ?), (?, ?)` are one shape however long the list is.
_LIST = re.compile(r"\b(IN)\s*\(\s*" + _PARAMETER + r"(?:\s*,\s*" + _PARAMETER + r")*\s*\)", re.IGNORECASE)
_ROW = r"\(\s*" + _PARAMETER + r"(?:\s*,\s*" + _PARAMETER + r")*\s*\)"
_ROWS = re.compile(r"\b(VALUES\s*)(" + _ROW + r")(?:\s*,\s*" + _ROW + r")+", re.IGNORECASE)
_ANY_TEXT = re.compile(r"'.*'", re.DOTALL)
_SPACE = re.compile(r"\s+")


def masked(sql):
    """`select * from t where id in (1, 2)` → `select * from t where id in (?)`."""
    if "\\'" in sql:  # an escaped quote, or the end of a text? Dialects differ: rather too much than a piece of somebody's data
        sql = _ANY_TEXT.sub("?", sql)
    text = _TOKEN.sub(_replacement, sql)
    if "'" in text:  # a text without its end, in a statement that was cut
        text = text[: text.index("'")] + "?"
    text = _LIST.sub(r"\1 (?)", text)
    text = _ROWS.sub(r"\1\2", text)
    return _SPACE.sub(" ", text).strip()


def _replacement(match):
    kind = match.lastgroup
    if kind == "comment":
        return " "
    if kind in ("keep", "parameter"):
        return match.group()
    return "?"
