"""perfkit schema: the JSON Schema of scenario files, for editors."""

import json

import typer

from perfkit.scenario.schema import schema as scenario_schema


def schema() -> None:
    """Print the JSON Schema of scenario files."""
    typer.echo(json.dumps(scenario_schema(), indent=2))
