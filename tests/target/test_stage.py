"""The staged probe: one package, one starter, first on the path."""

import os
import subprocess
import sys
from pathlib import Path

from perfkit.probe import records
from perfkit.target import stage


def test_the_stage_holds_one_package_and_the_starter_only() -> None:
    with stage.staged() as path:
        held = {entry.name for entry in path.iterdir()}
        package = path / stage.PACKAGE

        assert held == {stage.PACKAGE, "sitecustomize.py"}
        assert (package / "records.py").exists()
        assert (package / "hooks" / "__init__.py").exists()
        assert not list(package.rglob("__pycache__"))
        assert not (package / "sitecustomize.py").exists()
    assert not path.exists()


def test_the_probe_stands_before_the_path_that_was_there(tmp_path: Path) -> None:
    seen = stage.environment(tmp_path / "stage", tmp_path / "probe", {"PYTHONPATH": "/theirs", "HOME": "/root"})

    assert seen["PYTHONPATH"] == f"{tmp_path / 'stage'}{os.pathsep}/theirs"
    assert seen[records.ENVIRONMENT] == str(tmp_path / "probe")
    assert seen["PERFKIT_PTRACER"] == str(os.getpid())
    assert seen["HOME"] == "/root"
    assert "PYTHONDONTWRITEBYTECODE" not in seen


def test_an_empty_path_does_not_put_the_working_directory_on_it(tmp_path: Path) -> None:
    assert stage.environment(tmp_path, tmp_path, {"PYTHONPATH": ""})["PYTHONPATH"] == str(tmp_path)


def test_a_python_that_never_serves_leaves_no_files(tmp_path: Path) -> None:
    with stage.staged() as path:
        environment = stage.environment(path, tmp_path, {"PATH": os.environ["PATH"]})
        said = subprocess.run([sys.executable, "-c", "print(1)"], env=environment, capture_output=True, check=True, cwd=tmp_path)

    assert said.stdout == b"1\n"
    assert said.stderr == b""
    assert list(tmp_path.iterdir()) == []
