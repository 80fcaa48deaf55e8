"""A program that nobody here wrote, asked and judged for real: it is seen through without a word from it."""

import polars as pl
import pytest

from tests.smoke.scenarios import Ran, run

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run("datasette", tmp_path_factory.mktemp("datasette"))


def test_a_program_that_nobody_here_wrote_is_seen_through(ran: Ran) -> None:
    assert ran.code == 0, ran.told()
    assert ran.judged["failed"] == []
    with_statements = [endpoint["endpoint"] for endpoint in ran.judged["endpoints"] if (endpoint["statements"] or 0) > 0]
    assert len(with_statements) >= 3, ran.told()


def test_the_stacks_of_a_strange_program_belong_to_its_endpoints_or_to_the_shared_row(ran: Ran) -> None:
    by_endpoint = (
        pl.read_parquet(ran.directory / "stacks.parquet")
        .group_by(pl.col("endpoint").cast(pl.String))
        .agg(pl.col("samples").sum())
    )
    samples: dict[str, int] = dict(by_endpoint.iter_rows())
    known = {endpoint["endpoint"] for endpoint in ran.judged["endpoints"]}

    placed = sum(count for endpoint, count in samples.items() if endpoint in known or endpoint == "")
    assert placed / sum(samples.values()) > 0.9, samples
    assert sum(count for endpoint, count in samples.items() if endpoint) > 0, samples
    assert "shared: server, protocol and middleware" in (ran.directory / "report.html").read_text()
