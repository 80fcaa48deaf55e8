"""Charts as figures for plotly.js."""

import math
from typing import Any

import pytest
from plotly import graph_objects

from perfkit.page import Band, Chart, Series
from perfkit.report import charts
from perfkit.report.thinning import MAX_POINTS
from tests.report.pages import heavy_page, hostile_page, rich_page


def a_chart(**fields: object) -> Chart:
    values: dict[str, object] = {"title": "c", "kind": "lines", "x_title": "x", "y_title": "y", "y_unit": "time", "series": ()}
    return Chart(**(values | fields))  # type: ignore[arg-type]


def a_figure(**fields: object) -> Any:
    return charts.figure(a_chart(**fields))


def a_series(*ys: float | None) -> Series:
    return Series("s", tuple(float(number) for number in range(len(ys))), ys)


@pytest.mark.parametrize("page", [rich_page(), hostile_page(), heavy_page()], ids=["rich", "hostile", "heavy"])
def test_plotly_itself_finds_every_figure_valid(page: Any) -> None:
    for chart in (block for section in page.sections for block in section.blocks if isinstance(block, Chart)):
        figure: Any = charts.figure(chart)
        graph_objects.Figure(data=figure["data"], layout=figure["layout"])


def test_times_are_drawn_in_the_unit_that_reads_best() -> None:
    figure = a_figure(series=(a_series(0.012, 0.3),))

    assert figure["data"][0]["y"] == [12.0, 300.0]
    assert figure["layout"]["yaxis"]["ticksuffix"] == " ms"


def test_bytes_are_drawn_in_binary_units() -> None:
    figure = a_figure(y_unit="bytes", series=(a_series(1024**2, 3 * 1024**2),))

    assert figure["data"][0]["y"] == [1.0, 3.0]
    assert figure["layout"]["yaxis"]["ticksuffix"] == " MiB"


def test_bands_are_scaled_with_the_axis() -> None:
    figure = a_figure(series=(a_series(1.0, 2.0),), x_unit="time", bands=(Band("measure", 60.0, 600.0),))

    assert (figure["layout"]["shapes"][0]["x0"], figure["layout"]["shapes"][0]["x1"]) == (1.0, 10.0)
    assert figure["layout"]["annotations"][0]["text"] == "measure"


def test_a_logarithmic_axis_names_its_ticks_with_units() -> None:
    figure = a_figure(log_y=True, series=(a_series(0.02, 0.9),))

    names = figure["layout"]["yaxis"]["ticktext"]
    assert {"20 ms", "50 ms", "100 ms", "500 ms", "1 s"} <= set(names)


def test_a_logarithmic_axis_without_positive_values_stays_linear() -> None:
    figure = a_figure(log_y=True, series=(a_series(0.0, None),))

    assert "type" not in figure["layout"]["yaxis"]


def test_what_is_no_number_is_a_gap() -> None:
    figure = a_figure(y_unit="number", series=(a_series(1.0, math.nan, math.inf, None),))

    assert figure["data"][0]["y"] == [1.0, None, None, None]


def test_bars_over_names_lie_down_and_keep_their_order() -> None:
    series = (Series("cpu", ("b", "a"), (0.1, 0.2)), Series("database", ("a", "c"), (0.3, 0.4)))

    figure = a_figure(kind="stacked-bars", series=series)

    assert figure["layout"]["yaxis"]["ticktext"] == ["b", "a", "c"]
    assert [trace["orientation"] for trace in figure["data"]] == ["h", "h"]
    assert figure["data"][1]["y"] == [1, 2]


def test_bars_beyond_the_limit_are_left_out_and_said_so() -> None:
    names = tuple(f"name {number}" for number in range(90))
    chart = a_chart(kind="bars", series=(Series("s", names, (1.0,) * 90),))

    assert charts.omitted(chart) == "The first 40 of 90 are drawn."
    assert charts.height(chart) < 1500


def test_labels_are_escaped_for_plotly_which_reads_them_as_markup() -> None:
    figure = a_figure(series=(Series("<a href='x'>&", (0.0, 1.0), (1.0, 1.0)),))

    assert figure["data"][0]["name"] == "&lt;a href='x'&gt;&amp;"


def test_a_single_point_is_drawn_as_a_marker() -> None:
    assert a_figure(series=(a_series(1.0),))["data"][0]["mode"] == "markers"


def test_long_series_are_thinned() -> None:
    assert len(a_figure(series=(a_series(*map(float, range(50_000))),))["data"][0]["x"]) <= MAX_POINTS


def test_the_text_alternative_gives_the_ranges() -> None:
    chart = a_chart(series=(a_series(0.031, 0.045), Series("flat", (0.0,), (1.0,)), Series("none", (), ())))

    assert charts.alternative(chart) == "s: 31 ms to 45 ms; flat: 1 s; none: nothing"


def test_intervals_of_names_stand_in_rows_with_whiskers_on_both_sides() -> None:
    slower = Series("median", ("GET /a", "GET /b"), (0.05, 0.0), (0.04, -0.01), (0.07, None))

    figure = a_figure(kind="intervals", y_unit="change", series=(slower,))

    trace = figure["data"][0]
    assert trace["y"] == [0.0, 1.0]
    assert trace["error_x"]["arrayminus"] == pytest.approx([0.01, 0.01])
    assert trace["error_x"]["array"] == pytest.approx([0.02, 0.0])  # an end that is not known has no whisker
    assert trace["text"][0] == "+5.0 % [+4.0 %, +7.0 %]"
    assert figure["layout"]["yaxis"]["ticktext"] == ["GET /a", "GET /b"]


def test_intervals_over_a_number_stand_upright() -> None:
    deciles = Series("change", (10.0, 90.0), (0.0, 0.1), (-0.1, 0.0), (0.1, 0.2))

    trace = a_figure(kind="intervals", y_unit="change", series=(deciles,))["data"][0]

    assert (trace["x"], trace["y"]) == ([10.0, 90.0], [0.0, 0.1])
    assert trace["error_y"]["array"] == pytest.approx([0.1, 0.1])
