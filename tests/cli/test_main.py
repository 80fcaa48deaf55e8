"""The command line as a person meets it: one message, the next thing to type, the right exit code, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from perfkit.cli import main as program
from perfkit.detectors.catalogue import DETECTORS
from perfkit.errors import PerfkitError, TargetError
from perfkit.evidence import RunDirectory
from perfkit.run import runfile
from perfkit.version import VERSION
from tests.run.raw import a_raw_run

SCENARIO = """\
perfkit: 1
target: {base_url: "http://127.0.0.1:1", launch: {command: [no-such-program-at-all]}}
flows: {browse: [get: /]}
load: {smoke: [{users: 1, iterations: 1}], open: [{rate: 5/s, for: 1s}], closed: [{users: 2, for: 1s}]}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SCENARIO)
    return path


class Terminal:
    """The command, called with arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: object) -> int:
        self._monkeypatch.setattr(sys, "argv", ["perfkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            program.main()
        self.out, self.err = self._capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return code


@pytest.fixture
def perfkit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal(monkeypatch, capsys)


def test_a_command_waits_for_no_other_commands_libraries() -> None:
    code = (
        "import sys; from perfkit.cli.main import application; application(['--debug', 'check', 'shop.yaml']);"
        "sys.exit('perfkit.cli.check' not in sys.modules or any('scipy' in name or 'ruptures' in name for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_command_is_listed_and_a_word_that_is_none_is_told(perfkit: Terminal) -> None:
    assert perfkit("--help") == 0
    assert [name for name in (*program.COMMANDS, *program.GROUPS) if f" {name} " not in perfkit.out] == []

    assert perfkit("comparr") == 2
    assert "compare" in perfkit.err


def test_the_version_is_printed(perfkit: Terminal) -> None:
    assert perfkit("--version") == 0
    assert perfkit.out == f"perfkit {VERSION}\n"


def test_it_can_be_started_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "perfkit", "--version"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"perfkit {VERSION}\n")


def test_without_a_command_the_help_lists_them(perfkit: Terminal) -> None:
    perfkit()

    for command in ("run", "analyze", "check", "schema", "explain", "rules", "doctor", "demo"):
        assert f" {command} " in perfkit.out + perfkit.err


def test_an_unknown_command_is_a_misuse(perfkit: Terminal) -> None:
    assert perfkit("ran") == 2
    assert "No such command 'ran'" in perfkit.err


def test_an_unknown_option_is_a_misuse(perfkit: Terminal, scenario: Path) -> None:
    assert perfkit("run", scenario, "--lod", "open") == 2
    assert "--lod" in perfkit.err


def test_an_error_is_a_message_and_the_next_thing_to_type(perfkit: Terminal, tmp_path: Path) -> None:
    assert perfkit("analyze", tmp_path) == 5
    assert perfkit.err == (
        f"perfkit: {tmp_path} is not a run directory: it has no run.json\n"
        "→ Give a folder that `perfkit run` made, reports/latest for one.\n"
    )
    assert perfkit.out == ""


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_wherever_it_stands(place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["analyze", str(tmp_path)]
    arguments.insert(place, "--debug")
    monkeypatch.setattr(sys, "argv", ["perfkit", *arguments])

    with pytest.raises(PerfkitError, match="not a run directory"):
        program.main()


def test_words_of_the_target_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    error = TargetError("the target said [bold]x[/bold] [/] [link=http://x] \\[a] and C:\\[dir]\\", hint="see [0] and [red]")

    program.show(error, Console(file=sys.stderr, soft_wrap=True))

    assert capsys.readouterr().err == (
        "perfkit: the target said [bold]x[/bold] [/] [link=http://x] \\[a] and C:\\[dir]\\\n→ see [0] and [red]\n"
    )


def test_a_bug_of_our_own_is_told_as_one(perfkit: Terminal, monkeypatch: pytest.MonkeyPatch, scenario: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("perfkit.cli.check.summary", broken)

    assert perfkit("check", scenario, "--dry") == 70
    assert perfkit.err.splitlines()[0] == "perfkit: this is a bug of perfkit's: ZeroDivisionError: division by zero"
    assert "--debug" in perfkit.err
    assert "Traceback" not in perfkit.err


def test_explain_prints_the_page_of_a_rule(perfkit: Terminal) -> None:
    assert perfkit("explain", "n-plus-one-queries") == 0
    for heading in ("What it looks for", "Why it matters", "What to change", "What it cannot see", "Fix: "):
        assert heading in perfkit.out


def test_explain_helps_with_a_typo(perfkit: Terminal) -> None:
    assert perfkit("explain", "n-plus-one-query") == 2
    assert "there is no rule 'n-plus-one-query'; did you mean 'n-plus-one-queries'?" in perfkit.err


def test_explain_of_nothing_like_a_rule_says_where_they_are_listed(perfkit: Terminal) -> None:
    assert perfkit("explain", "zzz") == 2
    assert "there is no rule 'zzz'" in perfkit.err
    assert "perfkit rules" in perfkit.err


def test_rules_lists_every_rule_once(perfkit: Terminal) -> None:
    assert perfkit("rules") == 0

    listed = [line.split()[0] for line in perfkit.out.splitlines()[1:]]
    assert listed == [detector.RULE.id for detector in DETECTORS]
    assert len(listed) == 14


def test_schema_prints_json(perfkit: Terminal) -> None:
    assert perfkit("schema") == 0
    assert perfkit.out.startswith("{")


def test_a_dry_check_starts_nothing(perfkit: Terminal, scenario: Path) -> None:
    assert perfkit("check", "--dry", scenario) == 0
    assert perfkit.out == f"{scenario} is a valid scenario: 1 flow, load profiles smoke, open, closed (default open)\n"


def test_a_check_that_is_not_dry_starts_the_target(perfkit: Terminal, scenario: Path) -> None:
    assert perfkit("check", scenario) == 3
    assert "there is no program `no-such-program-at-all` in the PATH" in perfkit.err


def test_an_unknown_load_profile_is_told_with_those_there_are(perfkit: Terminal, scenario: Path, tmp_path: Path) -> None:
    assert perfkit("run", scenario, "--load", "spike", "--out", tmp_path / "reports") == 2
    assert perfkit.err == (
        f"perfkit: {scenario} has 1 fault\n  load: there is no profile 'spike'; the file has smoke, open, closed\n"
    )
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("duration", ["30", "abc", "-3s", "0s", ""])
def test_a_duration_that_is_none_is_a_misuse(perfkit: Terminal, scenario: Path, tmp_path: Path, duration: str) -> None:
    assert perfkit("run", scenario, f"--duration={duration}", "--out", tmp_path / "reports") == 2
    assert "duration" in perfkit.err
    assert not (tmp_path / "reports").exists()


def test_setting_an_unknown_key_is_a_fault_of_the_scenario(perfkit: Terminal, scenario: Path, tmp_path: Path) -> None:
    assert perfkit("run", scenario, "--set", "lod.open=1", "--out", tmp_path / "reports") == 2
    assert "lod" in perfkit.err
    assert not (tmp_path / "reports").exists()


def test_a_run_whose_target_cannot_start_says_why_and_shows_no_empty_report(
    perfkit: Terminal, scenario: Path, tmp_path: Path
) -> None:
    assert perfkit("run", scenario, "--out", tmp_path / "reports") == 3

    assert "there is no program `no-such-program-at-all` in the PATH" in perfkit.err
    assert perfkit.out == ""
    assert runfile.read(RunDirectory(tmp_path / "reports" / "latest")).state == "died"


def test_analyze_judges_and_says_where_the_report_lies(perfkit: Terminal, tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run", requests=400)

    assert perfkit("analyze", directory.path) == 0

    assert perfkit.out.splitlines()[-1] == f"report: {directory.path / 'report.html'}"
    assert sorted(path.name for path in directory.path.glob("*.*") if path.suffix in (".html", ".md", ".xml", ".json")) == [
        "findings.json",
        "junit.xml",
        "report.html",
        "run.json",
        "summary.md",
    ]


def test_analyzing_again_gives_the_same_findings(perfkit: Terminal, tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run", requests=400)
    perfkit("analyze", directory.path)
    first = (directory.path / "findings.json").read_text()

    perfkit("analyze", directory.path)

    assert (directory.path / "findings.json").read_text() == first


def test_a_run_directory_that_may_not_be_written_is_no_crash(perfkit: Terminal, tmp_path: Path) -> None:
    directory, _ = a_raw_run(tmp_path / "run", requests=400)
    (directory.path / "findings.json").mkdir()

    assert perfkit("analyze", directory.path) == 5
    assert "findings.json" in perfkit.err
    assert "Traceback" not in perfkit.err


def test_an_out_that_is_a_file_is_told_as_that(perfkit: Terminal, scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("mine")

    assert perfkit("run", scenario, "--out", tmp_path / "reports") == 5
    assert f"{tmp_path / 'reports'} cannot hold run directories" in perfkit.err
    assert "--out" in perfkit.err
    assert "Traceback" not in perfkit.err
