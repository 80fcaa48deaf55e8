"""The scenario as a run keeps it: everything resolved to base units, secrets masked, and still a scenario."""

from typing import Any, Final

from pydantic import JsonValue

from perfkit.scenario.model import Scenario
from perfkit.scenario.secrets import mask, mask_text

# Fields whose keys are names of headers, parameters and the like: there a name tells whether its value is a secret.
# Elsewhere keys are names of flows and endpoints, and `POST /token` hides nothing.
_HOLD_VALUES: Final = frozenset({"vars", "env", "headers", "params", "json_body", "form", "apply_headers", "json", "header"})


def resolved(scenario: Scenario) -> dict[str, JsonValue]:
    """JSON that `Scenario.model_validate` takes back."""
    return {key: _masked(key, value) for key, value in scenario.model_dump(mode="json").items()}


def _masked(key: str, value: Any) -> JsonValue:
    if key in _HOLD_VALUES:
        return mask(value)
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {name: _masked(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked("", item) for item in value]
    return mask(value)
