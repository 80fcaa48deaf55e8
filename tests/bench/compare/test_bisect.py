"""The bench of bisects: its histories hold exactly one step, where the seed says."""

import ast
from pathlib import Path

import pytest

from bench.compare.bisect import cells, history, is_right, planted, told
from bench.compare.changes import APP, Sizes
from bench.compare.known_line import COMMITS
from bench.compare.registered import Item
from bench.compare.repository import BASE, SERVICE, Repository
from tests.compare.repositories import git

SIZES = Sizes({"order": 10_000, "stock": 10_000, "quote": 10_000}, {}, {})
FILES = {path.name: path.read_text() for path in SERVICE.iterdir() if path.is_file()}


def code(text: str) -> str:
    """Without comments."""
    return ast.dump(ast.parse(text))


@pytest.mark.parametrize("seed", range(5001, 5007))
def test_only_the_planted_commit_changes_what_the_service_does(seed: int) -> None:
    item = Item(seed - 5000, seed, "cpu-5", "order")
    changes = list(history(FILES, item, SIZES))

    files, seen = dict(FILES), [code(FILES[APP])]
    for changed, _ in changes:
        files.update(changed)
        seen.append(code(files[APP]))

    assert len(changes) == COMMITS
    assert [place for place in range(1, COMMITS + 1) if seen[place] != seen[place - 1]] == [planted(seed)]
    assert "spin(500)" in files[APP]


def test_every_commit_of_the_line_is_one_of_git(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "service")
    names = repository.line("try", history(repository.files, Item(1, 5001, "cpu-5", "stock"), SIZES))

    assert git(repository.top, "rev-list", "--reverse", f"{BASE}..try").split() == names
    assert len(set(git(repository.top, "log", "--format=%T", "try").split())) == COMMITS + 1


def test_a_try_is_right_when_it_names_the_planted_commit_alone() -> None:
    said = {
        "answer": "found", "exit_code": 0, "endpoint": "order", "step": {"change": 0.051, "probability": 0.997}, "failed": [],
        "culprits": [{"commit": "b"}], "probes": [{"place": 2, "change": 0.05, "error": 0.004, "subject": "x"}],
    }  # fmt: skip

    right, wrong = told(said, ["a", "b", "c"], 2, 60.0), told(said, ["a", "b", "c"], 3, 60.0)

    assert is_right(right)
    assert not is_right(wrong)
    assert tuple(cells(right)) == ("2", "2", "yes", "order +5.1%", "99.70%", "1", "0.40%", "1.0")
