"""Where the token comes from."""

from pathlib import Path

import pytest

from perfkit.errors import LoadError
from perfkit.load.many import token
from perfkit.scenario.secrets import mask_text

SECRET = "sixteen-letters-or-more"


def test_the_file_wins_and_no_child_sees_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    environment = {token.VARIABLE: "another-one-of-them", "PATH": "/bin"}

    assert token.find(file, environment) == SECRET
    assert environment == {"PATH": "/bin"}
    assert mask_text(f"it was {SECRET}") == "it was ***"
    assert token.find(None, {token.VARIABLE: SECRET}) == SECRET
    assert token.find(None, {}) is None


def test_a_file_that_others_can_read_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(SECRET)
    file.chmod(0o644)

    with pytest.raises(LoadError, match="can be read by others"):
        token.find(file, {})
    with pytest.raises(LoadError, match="cannot be read"):
        token.find(tmp_path / "absent", {})


def test_a_short_token_is_refused_without_being_said() -> None:
    with pytest.raises(LoadError) as refused:
        token.find(None, {token.VARIABLE: "short-token"})

    assert refused.value.message == f"the token in {token.VARIABLE} is too short"
    assert "short-token" not in refused.value.hint


def test_a_run_without_a_token_makes_one_of_its_own() -> None:
    assert token.make() != token.make()
    assert len(token.make()) >= token.SHORTEST
