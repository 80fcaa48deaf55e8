"""perfkit demo: what `make perf` does, without a checkout."""

import shutil
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from perfkit.cli.run import carry_out, load_profile
from perfkit.errors import TargetError
from perfkit.scenario.parse import parse

NEEDS = ("flask", "gunicorn", "sqlalchemy")


def demo(
    folder: Annotated[Path, typer.Option(help="Where the shop is copied to, to be read and changed.")] = Path("perfkit-demo"),
    out: Annotated[Path, typer.Option(help="Where run directories go.")] = Path("reports"),
) -> int:
    """Copy the bundled shop, with the faults planted in it, into a folder, run its scenario and report."""
    lacking = [name for name in NEEDS if find_spec(name) is None]
    if lacking:
        raise TargetError(f"the shop needs {', '.join(lacking)}", hint="pip install 'perfkit[demo]'")
    with as_file(files("perfkit") / "demo") as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.db"))
    scenario = folder / "shop.yaml"
    typer.echo(f"the shop and its scenario are in {folder}; docs/shop.md of perfkit says what is planted in it")
    parsed = parse(scenario)
    return carry_out(parsed, scenario, load_profile(parsed, None, scenario), out)
