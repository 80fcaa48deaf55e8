"""What py-spy says of itself, in its own words."""

from pathlib import Path

import pytest

from perfkit.collectors import py_spy

GOOD = """\
py-spy> Sampling process 100 times a second. Press Control-C to exit.


py-spy> Stopped sampling because Control-C pressed
py-spy> Wrote raw flamegraph data to 'x.raw'. Samples: 195 Errors: 2
"""
DENIED = """\
Error: Failed to get process executable name. Check that the process is running.

Caused by:
    0: Permission denied (os error 13)
"""


def test_a_recording_that_was_written_is_one() -> None:
    outcome = py_spy.parse(GOOD, 41, written=True)

    assert (outcome.samples, outcome.errors, outcome.failure, outcome.doubt) == (195, 2, "", "")


def test_many_errors_make_it_unreliable() -> None:
    outcome = py_spy.parse("Wrote raw flamegraph data to 'x'. Samples: 90 Errors: 10", 41, written=True)

    assert outcome.doubt == "unreliable: 10 of 100 samples failed"


def test_falling_behind_makes_it_unreliable() -> None:
    outcome = py_spy.parse("py-spy> 1.52s behind in sampling, results may be inaccurate.\n" + GOOD, 41, written=True)

    assert outcome.doubt == "unreliable: py-spy was 1.52 s behind; lower profiling.stacks.rate"


def test_a_refused_trace_names_the_pid_and_a_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scope = tmp_path / "ptrace_scope"
    scope.write_text("1\n")
    monkeypatch.setattr(py_spy, "YAMA", scope)

    failure = py_spy.parse(DENIED, 4711, written=False).failure

    assert failure == (
        "py-spy may not trace pid 4711: kernel.yama.ptrace_scope is 1; "
        "run `sudo sysctl kernel.yama.ptrace_scope=0`, or perfkit as root"
    )


def test_another_failure_is_quoted() -> None:
    said = "py-spy> Sampling process\nError: Failed to find python version from target process\n"

    assert py_spy.parse(said, 41, written=False).failure == (
        "py-spy at pid 41 wrote no profile: Failed to find python version from target process"
    )


def test_a_py_spy_that_was_killed_is_no_profile() -> None:
    assert py_spy.parse("", 41, written=False).failure == "py-spy at pid 41 wrote no profile: it said nothing"


def test_the_command_never_pauses_the_target_unless_native_stacks_are_asked_for() -> None:
    plain = py_spy.command(41, Path("41.raw"), 100.0, native=False)
    native = py_spy.command(41, Path("41.raw"), 100.0, native=True)

    assert "--nonblocking" in plain
    assert "--native" not in plain
    assert "--nonblocking" not in native
    assert "--full-filenames" in plain


def test_the_pinned_version_is_installed() -> None:
    assert py_spy.unfit() == ""
