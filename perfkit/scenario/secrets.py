"""Secrets: read from the environment at the last moment, masked wherever something is printed or stored."""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from perfkit.scenario.disguises import forms
from perfkit.scenario.expressions import UndefinedName

MASK: Final = "***"
PREFIX: Final = "PERFKIT_SECRET_"
# Shorter values (a port, a flag) stand in too many innocent places to be masked wherever they occur.
MIN_MASKED_LENGTH: Final = 4

_SENSITIVE: Final = re.compile(
    r"authori[sz]ation|cookie|passw|secret|token|api[-_]?key|private[-_]?key|access[-_]?key|credential|session[-_]?id|signature",
    re.IGNORECASE,
)
_TEMPLATE_ONLY: Final = re.compile(r"(?:(?:bearer|basic|token)\s+)?\$\{[^}]*\}", re.IGNORECASE)
_USER_INFORMATION: Final = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE)
_QUERY: Final = re.compile(r"(?P<name>(?<=[?&])[^=&\s]+)=(?P<value>[^&\s#]+)")
_CREDENTIALS: Final = re.compile(r"\b(?P<scheme>bearer|basic)\s+(?!\$\{)[\w.~+/=-]{8,}", re.IGNORECASE)

_NAMED: Final = re.compile(r"\$\{[^}]*?\bsecret\.(\w+)")

# Every secret that this process has read, so that it can be masked by value wherever it turns up.
_seen: set[str] = set()
# The forms in which they travel, the longest first because one may hold another; of so many secrets.
_forms: tuple[int, tuple[str, ...]] = (0, ())


def read(name: str, environment: Mapping[str, str]) -> str:
    """The secret X: variable PERFKIT_SECRET_X, else X; it is masked from then on."""
    value = environment.get(f"{PREFIX}{name}", environment.get(name))
    if value is None:
        raise UndefinedName(f"secret.{name}", f"is not set: export {name} or {PREFIX}{name}")
    remember(value)
    return value


def learn(text: str, environment: Mapping[str, str]) -> None:
    """Reads every secret that a text names and that is set: who prints what others send must know them before they do."""
    for name in _NAMED.findall(text):
        if f"{PREFIX}{name}" in environment or name in environment:
            read(name, environment)


def remember(value: str) -> None:
    """Masks this value from now on: tokens that a login handed out are secrets too."""
    if len(value) >= MIN_MASKED_LENGTH:
        _seen.add(value)


def is_sensitive(name: str) -> bool:
    """True for names of headers and fields whose values are never shown."""
    return _SENSITIVE.search(name) is not None


def mask(value: JsonValue) -> JsonValue:
    """The value without its secrets: known ones by value, others by the name of their field or header."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: _hidden(item) if is_sensitive(key) else mask(item) for key, item in value.items()}
    if isinstance(value, list):
        return [mask(item) for item in value]
    return value


def mask_text(text: str) -> str:
    """The same for one text, with passwords in URLs and query strings."""
    for form in _all_forms():
        text = text.replace(form, MASK)
    text = _USER_INFORMATION.sub(rf"\g<before>{MASK}", text)
    text = _CREDENTIALS.sub(rf"\g<scheme> {MASK}", text)
    return _QUERY.sub(_mask_parameter, text)


def _all_forms() -> tuple[str, ...]:
    global _forms  # noqa: PLW0603  as much the process's as what it has seen
    if _forms[0] != len(_seen):
        found = {form for secret in _seen for form in forms(secret)}
        _forms = (len(_seen), tuple(sorted(found, key=len, reverse=True)))
    return _forms[1]


def _mask_parameter(match: re.Match[str]) -> str:
    hidden = is_sensitive(match["name"]) and not match["value"].startswith("${")
    return f"{match['name']}={MASK}" if hidden else match[0]


def _hidden(value: JsonValue) -> JsonValue:
    """Everything below a sensitive name; a template is not yet a secret and says where it comes from."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and _TEMPLATE_ONLY.fullmatch(value)):
        return value
    if isinstance(value, dict):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return MASK
