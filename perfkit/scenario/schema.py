"""The JSON Schema of the file's own form, made from the same model, so that editors complete and check scenarios."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from perfkit.scenario.extractors import ENGINES
from perfkit.scenario.model import Scenario
from perfkit.scenario.request import VERBS

Node: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PATH: Final[Node] = {"type": "string", "pattern": r"^(/($|[^/])|\$\{)"}


def schema() -> Node:
    """The schema of a scenario file, draft 2020-12."""
    root = Scenario.model_json_schema(by_alias=True, mode="validation")
    definitions: Node = root.pop("$defs")
    for name, to_file_form in _FILE_FORMS.items():
        definitions[name] = to_file_form(definitions[name])
    whole = {"$schema": DIALECT, **_scenario(root), "$defs": definitions}
    _drop_foreign_defaults(whole)
    return whole


def _scenario(node: Node) -> Node:
    properties = node["properties"]
    profiles = properties["load"]
    properties["load"] = {"title": "Load", "anyOf": [profiles, profiles["additionalProperties"]]}
    properties["get"] = {"anyOf": [_PATH, {"type": "array", "items": _PATH, "minItems": 1}]}
    required = [name for name in node["required"] if name != "flows"]
    return {**node, "required": required, "oneOf": [{"required": ["flows"]}, {"required": ["get"]}]}


def _request(node: Node) -> Node:
    rest = _without(node["properties"], "method", "url")
    verbs: Node = {verb: {**_PATH, "title": verb.upper()} for verb in VERBS}
    return {**_without(node, "required"), "properties": {**verbs, **rest}, "oneOf": [{"required": [verb]} for verb in VERBS]}


def _repeat(node: Node) -> Node:
    times = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\s*\d+\s*(\.\.\s*\d+\s*)?$"}]}
    rest = _without(node["properties"], "low", "high")
    return {**node, "properties": {"repeat": times, **rest}, "required": ["repeat", "steps"]}


def _extractor(node: Node) -> Node:
    engines: Node = {engine: {"type": "string", "minLength": 1} for engine in ENGINES}
    long = {
        **_without(node, "required"),
        "properties": {**engines, "pick": node["properties"]["pick"]},
        "oneOf": [{"required": [engine]} for engine in ENGINES],
    }
    return {"anyOf": [{"type": "string", "pattern": rf"^(\$|({'|'.join(ENGINES)}):)", "examples": ["$.id", "header:ETag"]}, long]}


def _expect(node: Node) -> Node:
    status = {"type": "integer", "minimum": 100, "maximum": 599}
    return _with(node, status={"anyOf": [status, {"type": "array", "items": status, "minItems": 1}, {"type": "null"}]})


def _flow(node: Node) -> Node:
    return {"anyOf": [node, node["properties"]["steps"]]}


def _target(node: Node) -> Node:
    return {"anyOf": [{"type": "string", "pattern": "^(https?://|http\\+unix://|\\$\\{)"}, node]}


def _launch(node: Node) -> Node:
    command = node["properties"]["before"]["items"]
    return _with(node, before={"anyOf": [command, {"type": "array", "items": command}]})


def _compare(node: Node) -> Node:
    command = {**node["properties"]["prepare"]["items"], "minItems": 1}
    return _with(node, prepare={"anyOf": [command, {"type": "array", "items": command}]})


def _auth(node: Node) -> Node:
    header = node["properties"]["apply"]
    apply = {"type": "object", "properties": {"header": header}, "required": ["header"], "additionalProperties": False}
    return _with(node, apply=apply)


def _http(node: Node) -> Node:
    return _with(node, version={"enum": [1.1, "1.1", 2, "2"]})


def _generator(node: Node) -> Node:
    return _with(node, processes={"const": 1})


def _slo(node: Node) -> Node:
    sentences = node["properties"]["objectives"]["additionalProperties"]
    return {
        **node,
        "properties": {"min_samples": node["properties"]["min_samples"]},
        "additionalProperties": {"anyOf": [sentences, {**sentences["items"]}]},
    }


def _profiling(node: Node) -> Node:
    switches = ("stacks", "call_trees", "memory")
    return _with(node, **{name: {"anyOf": [{"type": "boolean"}, node["properties"][name]["oneOf"][0]]} for name in switches})


def _stage(node: Node) -> Node:
    return {**node, "oneOf": [{"required": ["users"]}, {"required": ["rate"]}]}


_FILE_FORMS: Final[dict[str, Callable[[Node], Node]]] = {
    "RequestStep": _request,
    "EventStream": _request,
    "RepeatStep": _repeat,
    "RepeatMessages": _repeat,
    "Extractor": _extractor,
    "Expect": _expect,
    "Flow": _flow,
    "TargetSpec": _target,
    "Launch": _launch,
    "Auth": _auth,
    "Compare": _compare,
    "Http": _http,
    "Generator": _generator,
    "Slo": _slo,
    "Profiling": _profiling,
    "Stage": _stage,
}


def _with(node: Node, **properties: Node) -> Node:
    return {**node, "properties": {**node["properties"], **properties}}


def _without(node: Node, *keys: str) -> Node:
    return {key: value for key, value in node.items() if key not in keys}


def _drop_foreign_defaults(node: Any) -> None:
    """Defaults are in base units and Python's forms; an editor would write 30.0 where the file says 30s."""
    if isinstance(node, list):
        for item in node:
            _drop_foreign_defaults(item)
    if isinstance(node, dict):
        is_plain = isinstance(node.get("default"), bool | int) or (
            node.get("type") == "string" and isinstance(node.get("default"), str)
        )
        if not is_plain:
            node.pop("default", None)
        for item in node.values():
            _drop_foreign_defaults(item)
