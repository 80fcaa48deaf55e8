"""What the report shows of the generator's seconds and of the counts."""

from perfkit.analyze.pages import generator_seconds
from perfkit.analyze.pages.generator_seconds import verdict
from perfkit.counts import compare
from perfkit.evidence import Evidence, Missing
from perfkit.page import Block, Chart, Table, Text
from tests.builders import a_count, a_request, a_second, evidence, many


def blocks(of: Evidence) -> tuple[Block, ...]:
    return generator_seconds.blocks(of, compare(of))


def named(found: tuple[Block, ...], title: str) -> Chart | Table:
    return next(block for block in found if isinstance(block, Chart | Table) and block.title == title)


def test_lateness_and_use_are_drawn_second_by_second() -> None:
    found = blocks(evidence(many(20), generator=[a_second(11.0, cpu=0.3), a_second(12.0, cpu=0.6)]))

    chart = named(found, "What the generator used of what it had, second by second")
    assert isinstance(chart, Chart)
    cpu = next(series for series in chart.series if series.name == "CPU")
    assert (cpu.xs, cpu.ys) == ((11.0, 12.0), (0.3, 0.6))
    assert [band.name for band in chart.bands] == ["warm-up", "measure", "profile"]


def test_closed_load_draws_no_lateness_of_sends_and_no_limit_of_users() -> None:
    second = a_second(11.0, lag_p50=None, lag_p90=None, lag_p99=None, lag_max=None, in_flight_limit=0)

    found = blocks(evidence(many(20), generator=[second]))

    late = named(found, "How late the generator was, second by second")
    use = named(found, "What the generator used of what it had, second by second")
    assert isinstance(late, Chart)
    assert isinstance(use, Chart)
    assert [series.name for series in late.series] == ["its loop, latest"]
    assert [series.name for series in use.series] == ["CPU", "file descriptors", "local ports"]


def test_each_process_has_a_line_and_many_share_the_largest() -> None:
    two = blocks(evidence(many(20), generator=[a_second(11.0, worker=0), a_second(11.0, worker=1)]))
    six = blocks(evidence(many(20), generator=[a_second(11.1, worker=worker, cpu=worker / 10) for worker in range(6)]))

    title = "What the generator used of what it had, second by second"
    of_two, of_six = named(two, title), named(six, title)
    assert isinstance(of_two, Chart)
    assert isinstance(of_six, Chart)
    assert [series.name for series in of_two.series[:2]] == ["CPU, process 0", "CPU, process 1"]
    assert [(series.name, series.ys) for series in of_six.series[:1]] == [("CPU", (0.5,))]


def test_what_could_run_out_is_the_most_of_the_measure_phase() -> None:
    rows = [a_second(5.0, phase="warm-up", files=900), a_second(11.0, files=30, backlog=7), a_second(12.0, files=40)]

    table = named(blocks(evidence(many(20), generator=rows)), "What could run out")

    assert isinstance(table, Table)
    assert ("file descriptors", 40, 1024) in table.rows
    assert ("arrivals that waited for a free user", 7, None) in table.rows


def test_ports_that_the_kernel_does_not_tell_are_no_number() -> None:
    table = named(blocks(evidence(many(20), generator=[a_second(11.0, ports=-1, ports_limit=-1)])), "What could run out")

    assert isinstance(table, Table)
    assert ("local ports towards the target, at most", None, None) in table.rows


def test_without_an_account_the_reason_is_said_and_the_counts_are_shown_all_the_same() -> None:
    found = blocks(evidence(many(20), counts=[a_count(sent=20)]))

    assert found[0] == Text("The generator second by second: this test gives none.")
    table = named(found, "Requests as each side counted them")
    assert isinstance(table, Table)
    assert table.rows == (("0", "measure", 20, 20, 20, 20),)
    assert table.note == "Every count agrees."


def test_the_line_below_the_counts_names_what_disagrees_and_what_could_not_be_counted() -> None:
    lost = a_request(traced=False, sample={"status": 0, "error": "timeout"})
    why = Missing("perfkit did not start the target")

    said = verdict(compare(evidence([*many(20), lost], traces=why, counts=[a_count(sent=22)])))

    assert said == (
        "generator process 0 counted 22 requests of the measure phase; on record it has 21. "
        "1 failed before an answer came and need not have reached the target. "
        "Not counted: the probe's count: perfkit did not start the target."
    )
