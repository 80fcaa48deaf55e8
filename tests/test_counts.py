"""Generator, rows and probe have counted the same requests, or it is said who has not, by how many and where."""

from dataclasses import replace

import polars as pl

from perfkit.counts import Line, compare
from perfkit.evidence import Evidence, Missing
from tests.builders import a_count, a_request, a_run, evidence, many


def test_counts_that_agree_leave_nothing_to_say() -> None:
    counts = compare(evidence(many(20), counts=[a_count(sent=20)]))

    assert counts.lines == (Line(0, "measure", counted=20, rows=20, answered=20, seen=20),)
    assert (counts.mismatches, counts.uncounted) == ((), ())


def test_requests_that_could_not_be_written_are_on_record_too() -> None:
    counts = compare(evidence(many(20), counts=[a_count(sent=18, unsent=2)]))

    assert counts.mismatches == ()


def test_a_row_that_is_missing_is_named() -> None:
    counts = compare(evidence(many(20), counts=[a_count(sent=23)]))

    assert counts.mismatches == ("generator process 0 counted 23 requests of the measure phase; on record it has 20",)


def test_a_phase_without_any_row_is_compared_too() -> None:
    counts = compare(evidence(many(20), counts=[a_count(sent=20), a_count("profile", sent=1)]))

    assert counts.mismatches == ("generator process 0 counted 1 request of the profile phase; on record it has 0",)


def test_answered_requests_that_the_probe_did_not_see_are_named_by_endpoint() -> None:
    requests = [*many(20), *many(3, traced=False)]

    counts = compare(evidence(requests, counts=[a_count(sent=23)]))

    assert counts.mismatches == ("GET /orders: of 23 requests with an answer in the measure phase the probe saw 20",)


def test_a_request_that_never_got_an_answer_may_never_have_reached_the_target() -> None:
    lost = a_request(traced=False, sample={"status": 0, "error": "connect"})

    counts = compare(evidence([*many(20), lost], counts=[a_count(sent=21)]))

    assert counts.mismatches == ()
    assert counts.lines[0].unanswered == 1


def test_an_endpoint_that_the_probe_never_sees_is_not_counted_and_that_is_said() -> None:
    counts = compare(evidence([*many(20), *many(3, endpoint="GET /logo", traced=False)], counts=[a_count(sent=23)]))

    assert counts.mismatches == ()
    assert counts.uncounted == ("the probe's count of GET /logo: it saw none of its requests",)


def test_a_request_that_the_probe_saw_and_nobody_has_on_record_is_named() -> None:
    whole = evidence(many(20), counts=[a_count(sent=18)])

    counts = compare(replace(whole, samples=whole.samples.head(18)))

    assert counts.mismatches == ("GET /orders: the probe saw 2 requests with an id of ours that nobody has on record",)


def test_a_request_that_came_twice_is_named() -> None:
    counts = compare(seen_twice(evidence(many(20), counts=[a_count(sent=20)])))

    assert counts.mismatches == ("GET /orders: the probe saw 1 request more than once",)


def test_without_a_probe_it_is_said_why_nothing_could_be_compared() -> None:
    counts = compare(evidence(many(20), traces=Missing("perfkit did not start the target"), counts=[a_count(sent=20)]))

    assert counts.lines[0].seen == Missing("perfkit did not start the target")
    assert counts.uncounted == ("the probe's count: perfkit did not start the target",)


def test_of_a_target_that_died_the_last_traces_are_not_missed() -> None:
    counts = compare(evidence([*many(20), *many(3, traced=False)], run=a_run(state="died"), counts=[a_count(sent=23)]))

    assert counts.mismatches == ()
    assert counts.uncounted == ("the probe's count: the target or the generator died, and its last records with it",)


def test_without_a_ledger_it_is_said_why() -> None:
    counts = compare(evidence(many(20), counts=Missing("generator process 0 ended before it had counted up")))

    assert counts.mismatches == ()
    assert counts.uncounted == ("the generator's own count: generator process 0 ended before it had counted up",)


def seen_twice(whole: Evidence) -> Evidence:
    assert isinstance(whole.traces, pl.DataFrame)
    return replace(whole, traces=pl.concat([whole.traces, whole.traces.tail(1)]))
