"""A chart of the page as a figure for plotly.js: data and axes; colours are the style sheet's."""

import html
import math
from collections.abc import Iterator, Sequence
from typing import Final

from perfkit.page import Band, Chart, Series, Unit
from perfkit.report.cells import number_of, show
from perfkit.report.embedding import Json
from perfkit.report.scales import Scale, scale
from perfkit.report.thinning import thin
from perfkit.report.visible import clip, clip_middle, one_line

LINES_HEIGHT: Final = 300
BAR_HEIGHT: Final = 30
BARS_FRAME: Final = 96  # legend above, axis below
MAX_CATEGORIES: Final = 40  # more bars than this are a table's work
LABEL: Final = 44
MAX_NAMES: Final = 12  # of places on an axis
TOLD: Final = 6  # series named by the text alternative

DODGE: Final = 0.7  # of a row's height, for the series that share it

_LOG_STEPS: Final = (1, 2, 5)
_MAX_LOG_TICKS: Final = 12  # above it only the powers of ten are named


def figure(chart: Chart) -> Json:
    """Traces, layout and height; the page's script adds colours and fonts."""
    if chart.kind == "intervals":
        return _named_intervals(chart) if _is_named(chart) else _intervals(chart)
    return _bars(chart) if _is_named(chart) else _lines(chart)


def height(chart: Chart) -> int:
    """Pixels that the figure will take, kept free until it is drawn."""
    if not _is_named(chart):
        return LINES_HEIGHT
    stacked = chart.kind == "stacked-bars"
    thickness = BAR_HEIGHT if stacked else max(BAR_HEIGHT, 18 * len(chart.series))
    return BARS_FRAME + thickness * max(1, min(MAX_CATEGORIES, len(_categories(chart))))


def omitted(chart: Chart) -> str:
    """Says how many bars were left out; empty when all are drawn."""
    count = len(_categories(chart)) if _is_named(chart) else 0
    return f"The first {MAX_CATEGORIES} of {count} are drawn." if count > MAX_CATEGORIES else ""


def alternative(chart: Chart) -> str:
    """One line for those who do not see the chart: the range of every series."""
    told = [_told(series, chart.y_unit) for series in chart.series[:TOLD]]
    more = len(chart.series) - len(told)
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])]) or "no series"


def _lines(chart: Chart) -> Json:
    series = [thin(one) for one in chart.series]
    ys = scale([y for one in series for y in one.ys if y is not None], chart.y_unit)
    edges = [edge for band in chart.bands for edge in (band.start, band.end)]
    xs = scale([*_numbers(x for one in series for x in one.xs), *edges], chart.x_unit)
    bars = chart.kind in {"bars", "stacked-bars"}
    shape = {"type": "bar"} if bars else {"type": "scatter", "mode": "lines"}
    data: list[Json] = [
        {
            **shape,
            "name": _label(one.name, LABEL),
            "x": [_divided(x, xs.factor) for x in one.xs],
            "y": [_divided(y, ys.factor) for y in one.ys],
            "hovertemplate": f"%{{y:{ys.hover}}}{ys.suffix}",
            **({} if bars else {"line": {"shape": "hv" if chart.kind == "steps" else "linear"}}),
        }
        for one in series
    ]
    if len(chart.series) > 0 and all(len(one.xs) == 1 for one in series) and not bars:
        data = [{**trace, "mode": "markers"} for trace in data if isinstance(trace, dict)]
    y_axis = _axis(chart.y_title, ys) | {"rangemode": "tozero"} | _log(chart, ys)
    x_axis = _axis(chart.x_title, xs) | {"hoverformat": xs.hover} | _names(chart)
    layout: dict[str, Json] = {
        "xaxis": x_axis,
        "yaxis": y_axis,
        "hovermode": "x unified",
        "barmode": "stack" if chart.kind == "stacked-bars" else "group",
        "shapes": [_shape(band, xs.factor) for band in chart.bands],
        "annotations": [_band_name(band, xs.factor) for band in chart.bands],
    }
    return {"data": data, "layout": layout, "height": height(chart)}


def _bars(chart: Chart) -> Json:
    """Horizontal, because endpoints have long names."""
    names = _categories(chart)[:MAX_CATEGORIES]
    places = {name: place for place, name in enumerate(names)}
    values = scale([y for one in chart.series for y in map(number_of, one.ys) if y is not None], chart.y_unit)
    data: list[Json] = []
    for one in chart.series:
        points = [(places[str(x)], number_of(y)) for x, y in zip(one.xs, one.ys, strict=False) if str(x) in places]
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": _label(one.name, LABEL),
                "x": [_divided(y, values.factor) for _, y in points],
                "y": [place for place, _ in points],
                "hovertemplate": f"%{{x:{values.hover}}}{values.suffix}",
            }
        )
    labels = [_label(name, LABEL) for name in names]
    stacked = chart.kind == "stacked-bars"
    y_axis: dict[str, Json] = {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": labels,
        "autorange": "reversed",
    }
    layout: dict[str, Json] = {
        "xaxis": _axis(chart.y_title, values) | {"rangemode": "tozero"} | _log(chart, values),
        "yaxis": {**y_axis, "showgrid": False, "zeroline": False},
        "hovermode": "y unified",
        "barmode": "stack" if stacked else "group",
        "bargap": 0.35,
    }
    return {"data": data, "layout": layout, "height": height(chart)}


def _named_intervals(chart: Chart) -> Json:
    """A row per name, a dot and a whisker per series: those of one name below each other."""
    names = _categories(chart)[:MAX_CATEGORIES]
    places = {name: place for place, name in enumerate(names)}
    values = scale([end for one in chart.series for end in _ends(one)], chart.y_unit)
    data: list[Json] = []
    for number, one in enumerate(chart.series):
        kept = [place for place, x in enumerate(one.xs) if str(x) in places]
        offset = (number - (len(chart.series) - 1) / 2) * DODGE / len(chart.series)
        data.append(
            {
                **_whiskers(one, kept, "error_x", chart.y_unit, values.factor),
                "x": [_divided(one.ys[place], values.factor) for place in kept],
                "y": [places[str(one.xs[place])] + offset for place in kept],
            }
        )
    y_axis: dict[str, Json] = {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": [_label(name, LABEL) for name in names],
        "range": [len(names) - 0.5, -0.5],
    }
    layout: dict[str, Json] = {
        "xaxis": _axis(chart.y_title, values) | {"zeroline": True},
        "yaxis": {**y_axis, "showgrid": False, "zeroline": False},
        "hovermode": "closest",
    }
    return {"data": data, "layout": layout, "height": height(chart)}


def _intervals(chart: Chart) -> Json:
    """Dots with whiskers over a number."""
    values = scale([end for one in chart.series for end in _ends(one)], chart.y_unit)
    xs = scale(_numbers(x for one in chart.series for x in one.xs), chart.x_unit)
    data: list[Json] = [
        {
            **(_level(one) if one.is_level else _whiskers(one, range(len(one.xs)), "error_y", chart.y_unit, values.factor)),
            "x": [_divided(x, xs.factor) for x in one.xs],
            "y": [_divided(y, values.factor) for y in one.ys],
        }
        for one in chart.series
    ]
    layout: dict[str, Json] = {
        "xaxis": _axis(chart.x_title, xs) | _names(chart),
        "yaxis": _axis(chart.y_title, values) | {"zeroline": True},
        "hovermode": "closest",
        "shapes": [_shape(band, xs.factor) for band in chart.bands],
        "annotations": [_band_name(band, xs.factor) for band in chart.bands],
    }
    return {"data": data, "layout": layout, "height": height(chart)}


def _whiskers(one: Series, kept: Sequence[int], axis: str, unit: Unit, factor: float) -> dict[str, Json]:
    """An end that is not known has no whisker."""
    ups, downs, texts = [], [], []
    for place in kept:
        value, low, high = (number_of(ends[place]) if place < len(ends) else None for ends in (one.ys, one.lows, one.highs))
        ups.append(_divided(high - value, factor) if high is not None and value is not None else 0.0)
        downs.append(_divided(value - low, factor) if low is not None and value is not None else 0.0)
        texts.append(_label(f"{show(value, unit)} [{show(low, unit)}, {show(high, unit)}]", LABEL))
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _label(one.name, LABEL),
        axis: {"type": "data", "symmetric": False, "array": ups, "arrayminus": downs, "thickness": 1.5, "width": 4},
        "text": texts,
        "hovertemplate": "%{text}",
    }


def _level(one: Series) -> dict[str, Json]:
    return {"type": "scatter", "mode": "lines", "name": _label(one.name, LABEL), "line": {"shape": "hvh"}, "hoverinfo": "skip"}


def _names(chart: Chart) -> dict[str, Json]:
    """Ticks at named places: as many as can be read beside each other."""
    if not chart.x_names:
        return {}
    every = math.ceil(len(chart.x_names) / MAX_NAMES)
    places = list(range(0, len(chart.x_names), every))
    return {"tickmode": "array", "tickvals": places, "ticktext": [_label(chart.x_names[place], LABEL) for place in places]}


def _ends(one: Series) -> list[float]:
    return _numbers(value for values in (one.ys, one.lows, one.highs) for value in values if value is not None)


def _axis(title: str, unit: Scale) -> dict[str, Json]:
    return {
        "title": {"text": _label(title, LABEL)},
        "tickformat": unit.ticks,
        "ticksuffix": unit.suffix,
        "exponentformat": "none",
        "separatethousands": True,
    }


def _log(chart: Chart, unit: Scale) -> dict[str, Json]:
    """Ticks of a logarithmic axis, named here: plotly drops the unit from all but the powers of ten."""
    values = [y for one in chart.series for y in map(number_of, one.ys) if y is not None and y > 0]
    if not chart.log_y or not values:
        return {}
    decades = range(math.floor(math.log10(min(values) / unit.factor)) - 1, math.ceil(math.log10(max(values) / unit.factor)) + 1)
    steps = _LOG_STEPS if len(decades) * len(_LOG_STEPS) <= _MAX_LOG_TICKS + len(_LOG_STEPS) else (1,)
    ticks = [float(f"{step}e{decade}") for decade in decades for step in steps]
    names = [show(tick * unit.factor, chart.y_unit) for tick in ticks]
    return {"type": "log", "tickmode": "array", "tickvals": ticks, "ticktext": names}


def _shape(band: Band, factor: float) -> Json:
    edges: dict[str, Json] = {"x0": _divided(band.start, factor), "x1": _divided(band.end, factor), "y0": 0, "y1": 1}
    return {"type": "rect", "xref": "x", "yref": "paper", "layer": "below", "line": {"width": 0}, **edges}


def _band_name(band: Band, factor: float) -> Json:
    text = _label(band.name, LABEL)
    place: dict[str, Json] = {"x": _divided(band.start, factor), "y": 1, "xref": "x", "yref": "paper"}
    return {**place, "text": text, "showarrow": False, "xanchor": "left", "yanchor": "bottom"}


def _told(series: Series, unit: Unit) -> str:
    values = [value for value in map(number_of, series.ys) if value is not None]
    name = clip(one_line(series.name), LABEL)
    if not values:
        return f"{name}: nothing"
    low, high = show(min(values), unit), show(max(values), unit)
    return f"{name}: {low}" if low == high else f"{name}: {low} to {high}"


def _label(text: str, limit: int) -> str:
    """Plotly reads labels as a little HTML of its own."""
    return html.escape(clip_middle(one_line(text), limit), quote=False)


def _is_named(chart: Chart) -> bool:
    return chart.kind in {"bars", "stacked-bars", "intervals"} and any(isinstance(x, str) for one in chart.series for x in one.xs)


def _categories(chart: Chart) -> list[str]:
    return list(dict.fromkeys(str(x) for one in chart.series for x in one.xs))


def _numbers(values: Iterator[float | str]) -> list[float]:
    return [number for number in map(number_of, values) if number is not None]


def _divided(value: float | str | None, factor: float) -> float | str | None:
    """Six digits are more than a screen can show."""
    if isinstance(value, str):
        return _label(value, LABEL)
    number = number_of(value)
    return None if number is None else float(f"{number / factor:.6g}")
