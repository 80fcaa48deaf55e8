"""perfkit capacity over several settings, each on a target of its own."""

from pathlib import Path

from tests.smoke.capacities import a_scenario, searched

PORT = 8779


def test_every_value_is_searched_on_a_target_of_its_own_and_the_better_one_is_recommended(tmp_path: Path) -> None:
    scenario = a_scenario(PORT, "{budget: 30s, vary: {workers: [1, 2]}}", workers="${vary.workers}")

    _, written, said = searched(tmp_path, scenario, "--no-overload")

    assert [one["setting"] for one in written["settings"]] == [{"workers": 1}, {"workers": 2}]
    one, two = (min(bound["rate"] for bound in setting["bounds"]) for setting in written["settings"])
    assert 1.8 < two / one < 2.2
    assert written["recommended"] == {"workers": 2}
    assert "Workers 2: it takes" in said
