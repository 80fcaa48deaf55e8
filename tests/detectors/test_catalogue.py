"""Every rule is complete: its page, its name, its place in the list."""

import pkgutil
from types import ModuleType
from typing import cast

import pytest

import perfkit.detectors as room
from perfkit.detectors.base import Detector
from perfkit.detectors.catalogue import DETECTORS

HEADINGS = ("What it looks for", "Why it matters", "What to change", "What it cannot see")
# Files of the room that are no rules.
BESIDES = {"base", "catalogue"}


def module_of(detector: Detector) -> ModuleType:
    return cast("ModuleType", detector)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.RULE.id)
def test_a_rules_docstring_is_its_page(detector: Detector) -> None:
    lines = (module_of(detector).__doc__ or "").splitlines()

    assert [line for line in lines if line in HEADINGS] == list(HEADINGS)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.RULE.id)
def test_a_rule_is_named_like_its_file(detector: Detector) -> None:
    assert module_of(detector).__name__.rpartition(".")[2].replace("_", "-") == detector.RULE.id


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.RULE.id)
def test_a_rules_words_are_plain_and_imperative(detector: Detector) -> None:
    texts = (detector.RULE.title, detector.RULE.fix, *detector.RULE.fixes.values())

    assert not [text for text in texts if any(word in text.lower() for word in ("consider", "might", "best practice"))]
    assert all(text.endswith(".") for text in texts[1:])


def test_every_rule_of_the_room_is_in_the_list() -> None:
    files = {module.name for module in pkgutil.iter_modules(room.__path__)} - BESIDES

    assert files == {module_of(detector).__name__.rpartition(".")[2] for detector in DETECTORS}
