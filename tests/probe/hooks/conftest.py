"""The probe of a test: in MEASURE mode, or in PROFILE mode."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from perfkit.probe.records import PROFILE
from tests.probe.hooks.recording import Probe


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    (tmp_path / "probe").mkdir()
    probe = Probe(tmp_path / "probe")
    yield probe
    probe.stop()


@pytest.fixture
def profiling(tmp_path: Path) -> Iterator[Probe]:
    (tmp_path / "profiling").mkdir()
    probe = Probe(tmp_path / "profiling", PROFILE)
    yield probe
    probe.stop()
