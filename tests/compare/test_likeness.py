"""In what two versions may not differ without being told."""

from collections.abc import Mapping
from pathlib import Path

from perfkit.compare import likeness
from perfkit.compare.likeness import Likeness
from perfkit.target.surveys import Survey


def has(workers: int = 2, python: str = "3.12.1", libraries: Mapping[str, str] | None = None) -> Likeness:
    return Likeness(workers, {"/bin/python": Survey(python, libraries or {"flask": "3.1"}, ())})


def test_two_that_are_alike_differ_in_nothing() -> None:
    assert likeness.differences(has(), has()) == ()


def test_workers_python_and_libraries_are_told_each() -> None:
    told = likeness.differences(
        has(2, "3.12.1", {"flask": "3.1", "orjson": "3.9"}), has(4, "3.13.0", {"flask": "3.0", "msgspec": "0.20"})
    )

    assert told == (
        "base has 2 serving processes, head has 4",
        "base runs on Python 3.12.1, head on 3.13.0",
        "base and head have different libraries: flask 3.1 and 3.0, msgspec absent and 0.20, orjson 3.9 and absent",
    )


def test_of_many_libraries_a_few_are_named() -> None:
    old, new = ({f"library{n}": version for n in range(9)} for version in ("1", "2"))

    (told,) = likeness.differences(has(libraries=old), has(libraries=new))

    assert told.endswith("library4 1 and 2 and 4 more")


def test_what_nobody_knows_is_not_called_different() -> None:
    assert likeness.differences(None, has()) == ()
    assert likeness.differences(Likeness(2), has()) == ()


def test_what_nobody_knows_is_said() -> None:
    (told,) = likeness.unknown({"base": None, "head": has()})

    assert told.startswith("the probe saw no serving process of base: whether Python")
    assert likeness.unknown({"base": has(), "head": has()}) == ()


def test_an_editable_install_of_the_repository_is_recognised(tmp_path: Path) -> None:
    top, work = tmp_path / "shop", tmp_path / "shop/reports/one/.work"
    folders = [top / "src", work / "base/src", top / ".venv/lib/python3.12/site-packages", tmp_path / "elsewhere"]
    for folder in folders:
        folder.mkdir(parents=True)

    found = likeness.editable(Survey("3.12.1", {}, (*map(str, folders), str(top / "gone"))), top, work)

    assert found == (top / "src",)
