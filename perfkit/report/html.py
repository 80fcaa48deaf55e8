"""A page as one self-contained HTML file that needs no network and lets nothing of the target's text run."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Final, cast

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from perfkit.page import Page
from perfkit.report.arrange import Arranger, checks
from perfkit.report.embedding import plotly, policy_hash
from perfkit.report.views import SIGNS, CardView, ChartView, FoldView, SectionView, View
from perfkit.report.visible import clip, clip_middle, visible

_SCRIPTS: Final = ("report.js", "charts.js", "flame.js")


def render(page: Page) -> str:
    """The whole report; the same page gives the same text."""
    arranger = Arranger()
    sections = tuple(map(arranger.section, page.sections))
    library = plotly() if _has_charts(sections) else None
    scripts = [_asset(name) for name in _SCRIPTS]
    admitted = [policy_hash(script) for script in scripts] + ([library.policy] if library else [])
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            sections=sections,
            checks=checks(page.checks),
            signs=SIGNS,
            style=Markup(_asset("style.css")),  # noqa: S704 our own file
            scripts=[Markup(script) for script in scripts],  # noqa: S704 our own files
            library=library,
            admitted=Markup(" ".join(admitted)),  # noqa: S704 hashes in base64, between quotes of the policy
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja types its filters as those that it brings along.
    filters = cast("dict[str, Callable[..., object]]", environment.filters)
    filters.update(clip=clip, clip_middle=clip_middle, visible=visible)
    return environment


def _finalize(value: object) -> object:
    """Runs before escaping: whatever text reaches the page shows its control characters."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _asset(name: str) -> str:
    return (files("perfkit.report.templates") / name).read_text("utf-8")


def _has_charts(sections: tuple[SectionView, ...]) -> bool:
    waiting: list[View] = [view for section in sections for view in section.blocks]
    while waiting:
        view = waiting.pop()
        if isinstance(view, ChartView):
            return True
        if isinstance(view, FoldView | CardView):
            waiting += view.blocks
    return False
