"""Searches that do not end with a limit in the middle: each of their ends is an answer, said plainly, with its exit code."""

from pathlib import Path

from tests.smoke.capacities import a_scenario, searched

PORT = 8781
BRIEFLY = "{budget: 30s}"
# As one whose memory gives out where requests pile up; the master goes with its worker, so that nobody starts another.
CRASHING = """

    import os
    import signal

    INSIDE = set()


    @app.before_request
    def enter():
        INSIDE.add(threading.get_ident())
        if len(INSIDE) == 6:
            os.kill(os.getppid(), signal.SIGKILL)
            os._exit(1)


    @app.teardown_request
    def leave(_):
        INSIDE.discard(threading.get_ident())
"""

# As one that a certain request kills, whoever asks.
DYING = """

    import itertools
    import os
    import signal

    COUNT = itertools.count()


    @app.before_request
    def enter():
        if next(COUNT) == 60:
            os.kill(os.getppid(), signal.SIGKILL)
            os._exit(1)
"""


def test_objectives_that_are_missed_at_the_lowest_rate_are_an_answer(tmp_path: Path) -> None:
    scenario = a_scenario(PORT, BRIEFLY).replace("p95 < 2s", "p95 < 20ms")

    _, written, said = searched(tmp_path, scenario, "--no-overload")

    assert (written["answer"], written["exit_code"], written["limit"]) == ("below", 1, None)
    assert "it misses all: p95 < 20ms even at" in said.lower()
    assert "no rate is low enough" in said
    rates = [step["offered_rate"] for step in written["settings"][0]["steps"]]
    assert max(rates) < 2


def test_objectives_that_hold_at_the_highest_rate_there_may_be_are_an_answer_and_few_requests_are_said(tmp_path: Path) -> None:
    scenario = a_scenario(PORT + 1, BRIEFLY).replace("p95 < 2s", "p95 < 2s, p99.9 < 4s") + "guard: {max_rate: 8/s}\n"

    _, written, said = searched(tmp_path, scenario, "--no-overload")

    assert (written["answer"], written["exit_code"]) == ("at least", 0)
    low, high = written["limit"]["interval"]
    assert 6 < low <= 8.5
    assert high is None
    assert "at least" in said.lower()
    assert "requests of all: p99.9 < 4s: too few for an interval of that percentile alone" in said
    assert max(step["offered_rate"] for step in written["settings"][0]["steps"]) < 10


def test_a_target_that_crashes_at_the_knee_leaves_its_last_good_step_as_the_answer(tmp_path: Path) -> None:
    scenario = a_scenario(PORT + 2, BRIEFLY).replace("--bind", "--threads, '8', --bind")

    _, written, said = searched(tmp_path, scenario, "--no-overload", application=CRASHING)

    assert (written["answer"], written["exit_code"]) == ("died", 1)
    (setting,) = written["settings"]
    *held, last = setting["steps"]
    assert last["state"] == "died"
    assert written["limit"]["value"] == max(step["offered_rate"] for step in held if step["held"])
    assert 2 < written["limit"]["value"] < 12
    assert setting["death"]
    assert "and ended at" in said


def test_a_target_that_dies_while_one_user_is_there_alone_is_an_answer_too(tmp_path: Path) -> None:
    place, written, said = searched(tmp_path, a_scenario(PORT + 3, BRIEFLY), "--no-overload", application=DYING)

    assert (written["answer"], written["exit_code"], written["limit"]) == ("died", 1, None)
    (setting,) = written["settings"]
    assert [step["state"] for step in setting["steps"]] == ["died"]
    assert "no rate below was held" in said
    assert (place / "report.html").exists()
