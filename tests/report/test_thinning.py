"""Long series made short."""

from hypothesis import given
from hypothesis import strategies as st

from perfkit.page import Series
from perfkit.report.thinning import thin


def a_series(ys: list[float | None]) -> Series:
    return Series("s", tuple(float(number) for number in range(len(ys))), tuple(ys))


def test_short_series_stay_as_they_are() -> None:
    series = a_series([1.0, None, 3.0])

    assert thin(series) == series


def test_a_single_peak_and_a_single_dip_survive() -> None:
    ys: list[float | None] = [5.0] * 30_000
    ys[12_345], ys[22_222] = 99.0, -7.0

    thinned = thin(a_series(ys))

    assert len(thinned.xs) <= 2000
    assert (12_345.0, 99.0) in zip(thinned.xs, thinned.ys, strict=True)
    assert (22_222.0, -7.0) in zip(thinned.xs, thinned.ys, strict=True)


def test_a_long_gap_stays_a_gap() -> None:
    ys: list[float | None] = [1.0] * 5000 + [None] * 5000 + [1.0] * 5000

    assert None in thin(a_series(ys)).ys


@given(st.lists(st.none() | st.floats(allow_nan=True), max_size=300), st.integers(4, 50))
def test_never_more_than_the_limit_always_in_order_ends_and_extremes_kept(ys: list[float | None], limit: int) -> None:
    series = a_series(ys)

    thinned = thin(series, limit)

    assert len(thinned.xs) <= max(limit, 0) or len(ys) <= limit
    assert list(thinned.xs) == sorted(set(thinned.xs))
    if ys:
        assert (thinned.xs[0], thinned.xs[-1]) == (0.0, float(len(ys) - 1))
    values = [y for y in thin(series, 10_000).ys if y is not None]
    kept = [y for y in thinned.ys if y is not None]
    if values:
        assert (min(kept), max(kept)) == (min(values), max(values))
