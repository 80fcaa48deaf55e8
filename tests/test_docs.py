"""What the pages print is true: scenarios parse, commands and options exist, links lead somewhere, docs/rules.md is current."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main

from docs import generate
from perfkit.cli.main import application
from perfkit.scenario import model, positions
from perfkit.scenario.parse import parse

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

BLOCK: Final = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
INLINE: Final = re.compile(r"`(perfkit [^`]+)`")
# Where a shell, a workflow or a Makefile calls a program, with or without the path of an environment.
CALL: Final = re.compile(r"(?:^|[;&|]|run:|\$\(|then|-m) *(?:[\w./$]*/)?(?P<call>perfkit +[a-z-].*)$")
LINK: Final = re.compile(r"\]\((?P<path>[^)#:\s]+)(?:#[^)]*)?\)")
CELL: Final = re.compile(r"\$\{(?:int\(|float\()?data\.(?P<feeder>\w+)\.(?P<column>[\w-]+)")
# A page shows a part of a scenario where the whole would hide what it is about; these lines make it whole.
REST: Final = {
    "perfkit": "perfkit: 1",
    "target": "target: http://127.0.0.1:8000",
    "flows": "flows: {read: [get: /]}",
    "load": "load: [{rate: 5/s, for: 30s}]",
}


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for block in BLOCK.finditer(page.read_text()):
        if block["language"] in languages:
            yield block["text"]


def scenarios() -> Iterator[Any]:
    """Whole scenarios begin with `perfkit: 1`; parts are completed; a workflow of CI (it has `jobs`) is none."""
    for page in PAGES:
        for number, text in enumerate(blocks(page, "yaml"), 1):
            tree: Any = positions.load(text).tree
            if "jobs" in tree:
                continue
            given = {"flows", *tree} if "get" in tree else set(tree)
            rest = [] if text.startswith("perfkit: 1\n") else [line for key, line in REST.items() if key not in given]
            yield pytest.param("\n".join([text, *rest, ""]), id=f"{page.relative_to(ROOT)}-{number}")


def commands() -> Iterator[Any]:
    for page in PAGES:
        calls = [
            found["call"].strip()
            for text in blocks(page, "sh", "yaml", "make")
            for line in text.splitlines()
            if (found := CALL.search(line))
        ]
        for call in dict.fromkeys([*calls, *INLINE.findall(BLOCK.sub("", page.read_text()))]):
            yield pytest.param(call, id=f"{page.relative_to(ROOT)}: {call}")


@pytest.mark.parametrize("text", tuple(scenarios()))
def test_every_scenario_of_the_pages_is_valid(text: str, tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(text)
    make_files(text, tmp_path)

    parsed = parse(scenario, environment={"USER": "somebody"})

    assert parsed.flows


@pytest.mark.parametrize("call", tuple(commands()))
def test_every_command_of_the_pages_exists_with_its_options(call: str) -> None:
    command: Any = typer.main.get_command(application(()))
    options = {option for parameter in command.params for option in parameter.opts}

    words = [word for word in shlex.split(call, comments=True) if not re.fullmatch(r"[0-9]?[<>|&].*", word)][1:]
    if not words[0].startswith("-"):
        assert words[0] in command.commands
        chosen = command.commands[words[0]]
        inner: Any = getattr(chosen, "commands", {})
        chosen = inner.get(words[1] if len(words) > 1 else "", inner["show"]) if inner else chosen
        options |= {option for parameter in chosen.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= {*options, "--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = {link["path"] for link in LINK.finditer(BLOCK.sub("", page.read_text()))}

    missing = {link for link in links if not (page.parent / link).exists()}

    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_only_targets_of_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shells = "\n".join(blocks(page, "sh", "yaml"))

    named = set(re.findall(r"(?:^|run: )make ([a-z-]+)", shells, re.MULTILINE)) | set(
        re.findall(r"`make ([a-z-]+)", page.read_text())
    )

    assert named <= targets


def test_the_page_of_the_rules_is_what_the_rules_say() -> None:
    assert generate.PAGE.read_text() == generate.text()


def make_files(text: str, folder: Path) -> None:
    """The CSV files that a scenario names, with the columns that it reads."""
    tree: Any = positions.load(text).tree
    for name, feeder in tree.get("data", {}).items():
        columns = {cell["column"] for cell in CELL.finditer(text) if cell["feeder"] == name} | {feeder.get("weight", "id")}
        file = folder / feeder["csv"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{','.join(sorted(columns))}\n{','.join('1' for _ in columns)}\n")


def test_every_key_of_findings_json_has_a_line() -> None:
    keys = set(re.findall(r'"(\w+)":', (ROOT / "perfkit/analyze/contract.py").read_text()))
    page = (ROOT / "docs/findings.md").read_text()

    missing = {key for key in keys if not re.search(rf"\b{key}\b", page)}

    assert keys
    assert missing == set()


def test_every_key_of_history_json_has_a_line() -> None:
    keys = set(re.findall(r'"(\w+)":', (ROOT / "perfkit/compare/history/contract.py").read_text()))
    page = (ROOT / "docs/guides/history.md").read_text()

    assert keys
    assert {key for key in keys if f"`{key}`" not in page} == set()


def test_every_room_of_the_house_has_a_line() -> None:
    rooms = {path.name for path in (ROOT / "perfkit").iterdir() if not path.name.startswith("__")}
    page = (ROOT / "docs/architecture.md").read_text()

    assert {room for room in rooms if f"`{room}`" not in page and f"`{room}/`" not in page} == set()


def test_every_section_of_a_scenario_has_its_keys_on_the_page() -> None:
    page = (ROOT / "docs/scenarios.md").read_text()
    sections = (model.Scenario, model.TargetSpec, model.Launch, model.Guard, model.Http, model.Feeder, model.Flow, model.Stage)
    keys = {key for section in (*sections, model.RequestStep, model.Profiling) for key in section.keys_in_file()}

    assert {key for key in keys if not re.search(rf"`([a-z]+\.)*{key}[`:.]", page)} == set()
