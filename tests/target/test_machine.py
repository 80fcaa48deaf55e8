"""The machine's fingerprint and its noise grade."""

from pathlib import Path

import pytest

from perfkit.target import machine


def test_the_fingerprint_names_what_must_be_alike() -> None:
    known = machine.fingerprint()

    assert {"cores", "cpu", "memory", "kernel", "python", "tools", "noise"} <= set(known)
    assert known["cores"] >= 1
    assert known["tools"]["py-spy"] == "0.4.3"
    assert known["noise"]["grade"] in {"quiet", "fair", "noisy"}


@pytest.mark.parametrize(
    ("steal", "load", "jitter", "expected"),
    [
        (0.0, 0.1, 0.02, "quiet"),
        (0.02, 0.1, 0.02, "fair"),
        (0.0, 0.9, 0.02, "noisy"),
        (0.0, 0.1, 0.2, "noisy"),
        (0.06, 0.0, 0.0, "noisy"),
    ],
)
def test_the_worst_of_steal_load_and_jitter_decides(steal: float, load: float, jitter: float, expected: str) -> None:
    assert machine.grade(steal, load, jitter) == expected


def test_the_model_of_the_processor_is_read(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: A Fast One: 3 GHz\n")

    assert machine.cpu_model(cpuinfo) == "A Fast One: 3 GHz"


def test_a_kernel_that_names_no_model_gives_the_architecture(tmp_path: Path) -> None:
    assert machine.cpu_model(tmp_path / "nothing") != ""
