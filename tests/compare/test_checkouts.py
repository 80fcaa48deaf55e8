"""A version's own copy, and the scenario's paths in it."""

from pathlib import Path

import pytest

from perfkit.compare import checkouts, sources
from perfkit.compare.checkouts import Checkout
from perfkit.errors import ComparisonError
from perfkit.scenario.model import Launch
from tests.compare.repositories import commit, git, repository


@pytest.fixture
def top(tmp_path: Path) -> Path:
    files = {"shop/app.py": "one\n", "shop/gone.py": "", ".gitignore": "*.db\nreports/\n.venv/\nassets/\n"}
    return repository(tmp_path / "shop", files)


def create(top: Path, text: str, name: str = "base") -> Path:
    folder = top / "reports/one/.work" / name
    return checkouts.create(sources.read(text, top), folder, top / "reports").folder


def test_a_revision_is_checked_out_as_it_was(top: Path) -> None:
    commit(top, {"shop/app.py": "two\n"})
    (top / "shop/app.py").write_text("three\n")

    assert (create(top, "HEAD~1") / "shop/app.py").read_text() == "one\n"
    assert (create(top, "HEAD", "head") / "shop/app.py").read_text() == "two\n"


def test_the_working_tree_is_copied_as_it_is(top: Path) -> None:
    (top / "shop/app.py").write_text("changed\n")
    (top / "shop/gone.py").unlink()
    (top / "shop/new.py").write_text("new\n")
    (top / "staged.py").write_text("staged\n")
    git(top, "add", "staged.py")
    (top / "shop.db").write_text("rows of the person's own")
    (top / "link.py").symlink_to("shop/new.py")

    folder = create(top, ".")

    assert (folder / "shop/app.py").read_text() == "changed\n"
    assert not (folder / "shop/gone.py").exists()
    assert (folder / "shop/new.py").read_text() == "new\n"
    assert (folder / "staged.py").read_text() == "staged\n"
    assert (folder / "link.py").readlink() == Path("shop/new.py")
    assert not (folder / "shop.db").exists()


def test_reports_that_git_does_not_ignore_are_not_copied(top: Path) -> None:
    commit(top, {".gitignore": ""})
    (top / "reports/earlier").mkdir(parents=True)
    (top / "reports/earlier/report.html").write_text("")

    assert not (create(top, ".") / "reports").exists()


def test_two_checkouts_of_one_commit_stand_side_by_side_and_go_without_a_trace(top: Path) -> None:
    folders = [create(top, "main"), create(top, "main", "head")]
    (folders[0] / "left.db").write_text("")

    for folder in folders:
        checkouts.remove(top, folder)

    assert not any(folder.exists() for folder in folders)
    assert git(top, "worktree", "list").count("\n") == 0


def test_half_a_checkout_that_git_does_not_know_goes_too(top: Path) -> None:
    folder = top / "reports/one/.work/base"
    folder.mkdir(parents=True)

    checkouts.remove(top, folder)

    assert not folder.exists()


def test_what_git_ignores_is_brought_when_the_scenario_says_so(top: Path) -> None:
    (top / "assets").mkdir()
    (top / "assets/logo.svg").write_text("<svg/>")
    checkout = Checkout(top, create(top, "main"))

    checkouts.bring((str(top / "assets"),), checkout)

    assert (checkout.folder / "assets/logo.svg").read_text() == "<svg/>"


@pytest.mark.parametrize(("path", "message"), [("/etc/hosts", "is not in the repository"), ("nowhere", "there is no ")])
def test_what_cannot_be_brought_is_refused(top: Path, path: str, message: str) -> None:
    with pytest.raises(ComparisonError, match=message):
        checkouts.bring((str(top / path),), Checkout(top, top / "other"))


def test_paths_of_a_launch_are_those_of_the_checkout(tmp_path: Path) -> None:
    checkout = Checkout(Path("/src/shop"), tmp_path)
    launch = Launch.model_validate(
        {
            "command": ["python", "/src/shop/run.py", "--data=/src/shop", "/src/shopping/x", "/elsewhere"],
            "cwd": "/src/shop/api",
            "env": {"DB": "sqlite:////src/shop/a.db", "PYTHONPATH": "/src/shop/a:/src/shop/b"},
            "before": [["seed", "/src/shop/rows.csv"]],
        }
    )

    here = checkout.launch(launch)

    assert here.command == ("python", f"{tmp_path}/run.py", f"--data={tmp_path}", "/src/shopping/x", "/elsewhere")
    assert here.cwd == f"{tmp_path}/api"
    assert here.env == {"DB": f"sqlite:///{tmp_path}/a.db", "PYTHONPATH": f"{tmp_path}/a:{tmp_path}/b"}
    assert here.before == (("seed", f"{tmp_path}/rows.csv"),)


def test_a_virtual_environment_beside_the_scenario_is_used_where_it_is(top: Path, tmp_path: Path) -> None:
    (top / ".venv/bin").mkdir(parents=True)
    (top / ".venv/pyvenv.cfg").write_text("")
    (top / ".venv/bin/gunicorn").write_text("")
    launch = Launch(command=(".venv/bin/gunicorn", f"{top}/.venv/bin/x", "./tool"), cwd=str(top))

    here = Checkout(top, tmp_path / "base").launch(launch)

    assert here.command == (f"{top}/.venv/bin/gunicorn", f"{top}/.venv/bin/x", "./tool")


def test_a_program_of_an_environment_of_the_versions_own_comes_first(top: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gunicorn").write_text("")
    launch = Launch(command=(".venv/bin/gunicorn",), cwd=str(top))

    here = Checkout(top, tmp_path / "base").launch(launch, tmp_path / "bin")

    assert here.command == (f"{tmp_path}/bin/gunicorn",)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.fixture
def with_large_files(top: Path) -> Path:
    """A file that git keeps as a pointer, in a clone whose git knows nothing of git-LFS."""
    commit(top, {".gitattributes": "*.bin filter=lfs diff=lfs -text\n", "data/model.bin": POINTER})
    return top


def test_a_pointer_in_place_of_a_file_that_the_person_has_is_refused(with_large_files: Path) -> None:
    git(with_large_files, "update-index", "--assume-unchanged", "data/model.bin")
    (with_large_files / "data/model.bin").write_bytes(b"x" * 12345)

    with pytest.raises(ComparisonError, match=r"pointers of git-LFS instead of files: data/model\.bin") as raised:
        create(with_large_files, "main")

    assert "git lfs" in raised.value.hint


def test_who_lives_with_pointers_may_go_on(with_large_files: Path) -> None:
    assert (create(with_large_files, "main") / "data/model.bin").read_text() == POINTER


@pytest.fixture
def with_a_submodule(top: Path, tmp_path: Path) -> Path:
    """`old` and `main` want two commits of a library, which the person's own clone has checked out."""
    library = repository(tmp_path / "library", {"wares.py": "old\n"})
    git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "vendor/library")
    commit(top, {})
    git(top, "tag", "old")
    commit(library, {"wares.py": "new\n"})
    git(top / "vendor/library", "pull", "-q", "origin", "main")
    commit(top, {})
    return top


def test_submodules_come_from_the_persons_own_when_their_origin_is_out_of_reach(with_a_submodule: Path, tmp_path: Path) -> None:
    (tmp_path / "library").rename(tmp_path / "moved away")
    before = git(with_a_submodule, "config", "--local", "--list")

    folders = [create(with_a_submodule, "old"), create(with_a_submodule, "main", "head")]

    assert [(folder / "vendor/library/wares.py").read_text() for folder in folders] == ["old\n", "new\n"]
    assert git(with_a_submodule, "config", "--local", "--list") == before
    for folder in folders:
        checkouts.remove(with_a_submodule, folder)
    assert git(with_a_submodule, "worktree", "list").count("\n") == 0


def test_a_submodule_that_cannot_be_had_is_named_with_the_cure(with_a_submodule: Path, tmp_path: Path) -> None:
    (tmp_path / "library").rename(tmp_path / "moved away")
    git(with_a_submodule, "submodule", "deinit", "-q", "--all", "--force")

    with pytest.raises(ComparisonError, match=r"its submodules \(vendor/library\) cannot be had: ") as raised:
        create(with_a_submodule, "main")

    assert "git submodule update --init --recursive" in raised.value.hint
