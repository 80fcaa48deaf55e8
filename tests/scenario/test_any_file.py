"""Whatever a file says, the answer is a scenario or its faults: never an error of ours."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from perfkit.errors import ScenarioError
from perfkit.scenario.model import Scenario
from perfkit.scenario.parse import parse
from perfkit.scenario.positions import load
from tests.scenario.test_parse import FULL

TREE: dict[str, Any] = load(FULL).tree


def paths_of(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    below = [each for key, item in items for each in paths_of(item, (*path, key))]
    return [path, *below] if path else below


odd_values: some.SearchStrategy[Any] = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text(max_size=8)
    | some.sampled_from(["${", "${x}", "5/s", "1..", "->", "all"]),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(["get", "steps", "repeat", "users", "x", "json"]), inner, max_size=3)
    ),
    max_leaves=5,
)


def replaced(node: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """The tree with another value at a path, as far as the path is still there."""
    if not path:
        return value
    key, *rest = path
    if isinstance(node, dict) and key in node:
        return {**node, key: replaced(node[key], tuple(rest), value)}
    if isinstance(node, list) and isinstance(key, int) and key < len(node):
        return [*node[:key], replaced(node[key], tuple(rest), value), *node[key + 1 :]]
    return node


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=some.lists(some.sampled_from(paths_of(TREE)), min_size=1, max_size=3), value=odd_values)
def test_a_scenario_with_anything_anywhere_is_read_or_refused(
    tmp_path: Path, where: list[tuple[str | int, ...]], value: Any
) -> None:
    tree = TREE
    for path in where:
        tree = replaced(tree, path, value)
    file = tmp_path / "any.yaml"
    file.write_text(yaml.safe_dump(tree, allow_unicode=True))

    try:
        outcome: object = parse(file, environment={})
    except ScenarioError as refused:
        outcome = refused.problems

    assert isinstance(outcome, Scenario) or outcome
