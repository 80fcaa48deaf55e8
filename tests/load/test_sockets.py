"""Descriptors and ports, as far as they can be known without a connection."""

from pathlib import Path

from perfkit.load.sockets import files_limit, open_files, port_range, ports_taken


def test_an_open_file_is_counted(tmp_path: Path) -> None:
    before = open_files()

    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"):
        during = open_files()

    assert during - before == 2
    assert during < files_limit()


def test_ports_far_from_their_limit_are_counted_at_most() -> None:
    assert ports_taken(1, files=20, available=10_000_000) >= 20


def test_ports_near_their_limit_are_counted_exactly() -> None:
    assert ports_taken(1, files=20, available=21) == 0  # nobody is connected to port 1


def test_an_unknown_range_leaves_the_ports_unknown() -> None:
    assert ports_taken(1, files=20, available=-1) == -1
    assert port_range() > 0
