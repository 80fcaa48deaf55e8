"""The house as tests: what import-linter cannot say about it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "perfkit"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "demo" not in path.parts)


def test_every_init_is_empty() -> None:
    full = [str(path.relative_to(ROOT)) for path in PACKAGE.rglob("__init__.py") if path.read_text()]

    assert full == []


def test_no_room_is_larger_than_three_hundred_lines() -> None:
    large = {str(path.relative_to(ROOT)): lines for path in MODULES if (lines := len(path.read_text().splitlines())) > 300}

    assert large == {}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name != "__init__.py"], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_first_line_of_a_room_says_its_purpose(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))

    assert docstring is not None
    assert docstring.splitlines()[0].endswith((".", ":", ";", "?"))


def test_nothing_is_called_utils_or_helpers() -> None:
    named = [path for path in MODULES if path.stem in {"utils", "helpers", "common", "manager", "misc"}]

    assert named == []


def test_only_the_cli_and_the_detector_loop_catch_broadly() -> None:
    broad = {str(path.relative_to(PACKAGE)) for path in MODULES if "probe" not in path.parts and _catches_broadly(path)}

    # The generator and the supervisor are processes of their own: what ends them has to be told to their parent.
    # So has what ends one of several to their master; and no stranger's bytes may end that.
    processes = {"load/generator.py", "load/locustfile.py", "load/plane/client.py", "target/supervise.py"}
    processes |= {"load/many/worker.py", "load/many/locust_master.py"}
    assert broad <= {"analyze/judge.py", "cli/main.py", "run/record.py"} | processes


def test_only_the_cli_prints() -> None:
    prints = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0] not in {"cli", "probe"}
        and path.stem not in {"locustfile", "supervise"}
        and _prints(path)
    }

    assert prints == set()


def test_every_detector_stands_in_the_catalogue_and_no_other() -> None:
    from perfkit.detectors.catalogue import DETECTORS

    listed = {detector.RULE.id for detector in DETECTORS}
    files = {
        path.stem.replace("_", "-")
        for path in (PACKAGE / "detectors").glob("*.py")
        if path.stem != "__init__" and "RULE = Rule(" in path.read_text()
    }

    assert listed == files


def test_the_probe_needs_nothing_but_the_standard_library() -> None:
    imported = {
        name.split(".")[0]
        for path in (PACKAGE / "probe").rglob("*.py")
        for node in ast.parse(path.read_text()).body
        for name in _imported(node)
    }

    assert imported - set(sys.stdlib_module_names) - {"perfkit_probe"} == set()


def test_importing_the_command_line_imports_no_locust() -> None:
    code = (
        "import sys; from perfkit.cli.main import application; application(());"
        "sys.exit('perfkit.cli.run' not in sys.modules or 'locust' in sys.modules or 'gevent' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module]
    return []


def _catches_broadly(path: Path) -> bool:
    handlers = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)]
    return any(
        handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"})
        for handler in handlers
    )


def _prints(path: Path) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        for node in ast.walk(ast.parse(path.read_text()))
    )
