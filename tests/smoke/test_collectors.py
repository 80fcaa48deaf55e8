"""The collectors at a real target: gunicorn with two workers, the probe inside, py-spy and pyinstrument on it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import polars as pl
import psutil
import pytest

from perfkit.collectors import call_trees, host, memory, probe_files, py_spy, stack_files, stacks
from perfkit.collectors.base import Observation
from perfkit.collectors.catalogue import COLLECTORS
from perfkit.evidence import Interval, Missing, Phase, RunDirectory, Table
from perfkit.probe import records
from perfkit.scenario.model import CallTrees, Launch, MemoryOptions, Profiling, Ready, Stop, TargetSpec
from perfkit.target import control, identify, start
from perfkit.target.target import Target

REPOSITORY = Path(__file__).parents[2]
APPLICATION = """
    import time
    from flask import Flask

    app = Flask(__name__)


    @app.get("/")
    def home():
        return "ok"


    @app.get("/busy/<int:number>")
    def busy(number):
        return str(burn(time.perf_counter() + 0.02))


    @app.get("/idle")
    def idle():
        time.sleep(0.02)
        return "rested"


    def burn(until):
        rounds = 0
        while time.perf_counter() < until:
            rounds += 1
        return rounds
"""
PROFILING = Profiling(call_trees=CallTrees(sample=1.0), memory=MemoryOptions(every=0.25))


def frame(table: Table) -> pl.DataFrame:
    assert isinstance(table, pl.DataFrame), table
    return table


def total(table: pl.DataFrame, column: str) -> float:
    return float(table[column].sum())


def request(url: str, number: int) -> None:
    asked = urllib.request.Request(url, headers={records.ID_HEADER: f"{number:016x}"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        answer.read()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return RunDirectory(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, directory: RunDirectory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(textwrap.dedent(APPLICATION))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = ("gunicorn", "shop:app", "-w", "2", "-b", f"127.0.0.1:{port}")
    launch = Launch(command=command, cwd=str(folder), ready=Ready(), stop=Stop(grace=5))
    with start.running(TargetSpec(base_url=f"http://127.0.0.1:{port}", launch=launch), directory, os.environ) as started:
        yield started


@pytest.fixture(scope="module")
def tables(target: Target, directory: RunDirectory) -> probe_files.ProbeTables:
    """What the probe saw of a short measure phase and a profile phase under all collectors."""
    epoch = time.monotonic()
    intervals: list[Interval] = []
    number = 0
    plan: tuple[tuple[Phase, int, float], ...] = (("measure", records.MEASURE, 1.0), ("profile", records.PROFILE, 4.0))
    for phase, mode, seconds in plan:
        control.set_mode(target, mode)
        with ExitStack() as stack:
            for collector in COLLECTORS:
                if phase in collector.PHASES:
                    stack.enter_context(collector.observe(Observation(target, directory, phase, PROFILING, epoch, None)))
            began = time.monotonic() - epoch
            while time.monotonic() - epoch < began + seconds:
                for path in (f"/busy/{number}", "/idle"):
                    number += 1
                    request(target.base_url + path, number)
            intervals.append(Interval(phase, began, time.monotonic() - epoch))
    time.sleep(0.6)  # the probe writes four times a second
    return probe_files.read(directory, epoch, intervals)


def test_every_request_has_a_trace_in_its_phase(tables: probe_files.ProbeTables) -> None:
    traces = frame(tables.traces).filter(pl.col("id") > 0)

    assert traces["id"].to_list() != []
    assert sorted(traces["id"].to_list()) == list(range(1, traces.height + 1))
    assert set(traces["phase"].to_list()) == {"measure", "profile"}
    assert set(traces["route"].to_list()) == {"/busy/{number}", "/idle"}
    assert traces.filter((pl.col("phase") == "profile") & ~pl.col("profiled")).height <= 2
    assert {server["server"].partition(" ")[0] for server in tables.servers} == {"gunicorn"}
    assert "flask" in tables.frameworks


def test_stacks_name_the_function_that_burns_under_its_endpoint(tables: probe_files.ProbeTables, directory: RunDirectory) -> None:
    profile = frame(stack_files.read(directory, tables.labels))

    busy = profile.filter(pl.col("endpoint") == "GET /busy/{number}")
    assert directory.notes()["stacks"] == "ok"
    assert total(busy, "samples") > 30
    burning = pl.col("stack").list.last().str.starts_with("burn (")
    assert total(busy.filter(burning), "samples") > 0.8 * total(busy, "samples")
    # On a busy machine the server's own loop is seen runnable too: the rest is shared, never another endpoint's.
    assert total(busy, "samples") > 5 * total(profile.filter(pl.col("endpoint") == "GET /idle"), "samples")
    assert profile["pid"].n_unique() == 2
    assert not profile.explode("stack", empty_as_null=True)["stack"].str.contains("perfkit_probe|perfkit:ep").any()


def test_call_trees_show_the_wait_that_stacks_cannot_see(tables: probe_files.ProbeTables, directory: RunDirectory) -> None:
    profile = frame(call_trees.read(directory))

    idle = profile.filter(pl.col("endpoint") == "GET /idle")
    waiting = idle.filter(pl.col("stack").list.eval(pl.element().str.contains(r"^idle \(")).list.any())
    assert directory.notes()["call_trees"] == "ok"
    assert total(waiting, "time") > 0.8 * total(idle, "time")
    assert tables.labels


def test_each_endpoint_has_a_speedscope_file_in_both_folders(tables: probe_files.ProbeTables, directory: RunDirectory) -> None:
    for folder in (directory.stacks, directory.call_trees):
        names = {json.loads(path.read_text())["name"] for path in folder.glob("*.speedscope.json")}

        assert "GET /busy/{number}" in names, folder
    assert tables.labels


def test_memory_knows_which_processes_serve(tables: probe_files.ProbeTables, directory: RunDirectory) -> None:
    sampled = frame(memory.read(directory))

    workers = sampled.filter(pl.col("serving"))
    assert directory.notes()["memory"] == "ok"
    assert workers["pid"].n_unique() == 2
    assert sampled["pid"].n_unique() == 3
    assert (workers["uss"] > 1024**2).all()
    assert (workers["pss"] <= workers["rss"]).all()
    assert (workers["files"] > 3).all()
    assert len(tables.servers) == 2


def test_the_host_tells_the_profilers_from_the_target(tables: probe_files.ProbeTables, directory: RunDirectory) -> None:
    sampled = frame(host.read(directory))

    assert directory.notes()["host"] == "ok"
    assert sampled["target_cpu"].is_sorted()
    assert sampled["target_cpu"][-1] - sampled["target_cpu"][0] > 0.5
    assert sampled["profiler_cpu"].max() is not None
    assert sampled["busy"].is_between(0, 1).all()
    assert tables.labels


def test_no_profiler_outlives_its_phase(tables: probe_files.ProbeTables) -> None:
    family = psutil.Process().children(recursive=True)

    assert tables.labels
    assert not [process for process in family if process.name() == "py-spy"]


def test_a_worker_that_dies_is_replaced_and_the_newcomer_is_noted(target: Target, tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    assert target.probe_directory is not None
    # The collector reads labels where the probe of this target writes.
    (tmp_path / "probe").symlink_to(target.probe_directory)
    before = {worker.pid for worker in identify.serving(target)}
    victim = min(before)

    with stacks.observe(Observation(target, directory, "profile", PROFILING, 0.0, None)):
        time.sleep(0.5)
        psutil.Process(victim).kill()
        end = time.monotonic() + 15
        newcomers: set[int] = set()
        while not newcomers:
            assert time.monotonic() < end, "gunicorn did not replace its worker"
            time.sleep(0.1)
            newcomers = {worker.pid for worker in identify.serving(target)} - before

    notes = directory.notes()
    (newcomer,) = newcomers
    assert notes["stacks"] == "ok"
    assert "it began to serve after" in notes[f"stacks of pid {newcomer}"]


OBSERVER = """
    import sys, time
    from pathlib import Path
    from perfkit.collectors import stacks
    from perfkit.collectors.base import Observation
    from perfkit.evidence import RunDirectory
    from perfkit.scenario.model import Profiling, Stacks
    from perfkit.target.target import Target

    root, probe, run = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    target = Target("http://127.0.0.1:1", True, root, probe, None)
    with stacks.observe(Observation(target, RunDirectory(run), "profile", Profiling(stacks=Stacks(required=True)), 0.0, None)):
        time.sleep(1.5)
"""


HOLDER = """
    import os, sys, time
    from pathlib import Path
    from perfkit.collectors import py_spy

    py_spy.start(int(sys.argv[1]), Path(sys.argv[2]), 50.0, native=False)
    print("up", flush=True)
    time.sleep(300)
"""


def test_a_perfkit_that_is_killed_leaves_no_profiler(target: Target, tmp_path: Path) -> None:
    worker = identify.serving(target)[0].pid
    line = [sys.executable, "-c", textwrap.dedent(HOLDER), str(worker), str(tmp_path)]
    holder = subprocess.Popen(line, cwd=REPOSITORY, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"up\n"
    family = psutil.Process(holder.pid).children(recursive=True)
    assert "py-spy" in [process.name() for process in family]

    holder.kill()
    holder.wait()
    holder.stdout.close()

    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert psutil.pid_exists(worker)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can drop a capability for a test")
def test_without_the_permission_to_trace_the_note_says_what_to_do(target: Target, tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    line = [sys.executable, "-c", textwrap.dedent(OBSERVER), str(target.root_pid), str(target.probe_directory), str(tmp_path)]

    said = subprocess.run(
        ["setpriv", "--bounding-set=-sys_ptrace", *line], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stderr
    note = RunDirectory(tmp_path).notes()["stacks"]
    assert note.startswith("required: py-spy may not trace pid ")
    assert "CAP_SYS_PTRACE" in note
    assert isinstance(stack_files.read(RunDirectory(tmp_path), {}), Missing)


@pytest.mark.skipif(
    not py_spy.YAMA.exists() or py_spy.YAMA.read_text().strip() != "1", reason="this kernel has no Yama in mode 1"
)
def test_the_probe_permits_perfkit_where_yama_restricts_tracing(tables: probe_files.ProbeTables, directory: RunDirectory) -> None:
    assert directory.notes()["stacks"] == "ok"
    assert tables.labels
