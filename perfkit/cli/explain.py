"""perfkit explain: the page of a rule."""

import inspect
from difflib import get_close_matches
from typing import Annotated

import typer

from perfkit.detectors.catalogue import DETECTORS


def explain(
    rule: Annotated[str, typer.Argument(help="The rule's id, as `perfkit rules` lists them.", show_default=False)],
) -> None:
    """Explain a rule: what it looks for, why it matters, what to change, what it cannot see."""
    pages = {detector.RULE.id: detector for detector in DETECTORS}
    if rule not in pages:
        near = get_close_matches(rule, pages, n=1)
        cure = f"did you mean {near[0]!r}?" if near else "`perfkit rules` lists them"
        raise typer.BadParameter(f"there is no rule {rule!r}; {cure}", param_hint="RULE")
    typer.echo(f"{rule}\n\n{inspect.cleandoc(getattr(pages[rule], '__doc__', '') or '')}\n\nFix: {pages[rule].RULE.fix}")
    for framework, fix in pages[rule].RULE.fixes.items():
        typer.echo(f"  {framework}: {fix}")
