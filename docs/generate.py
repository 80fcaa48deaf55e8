"""Writes docs/rules.md from the rules' own docstrings: one text, so that the page cannot say something else.

python -m docs.generate
"""

import inspect
from pathlib import Path

from perfkit.detectors.catalogue import DETECTORS

PAGE = Path(__file__).with_name("rules.md")
HEAD = """# Rules

What perfkit looks for. Made by `make docs` from the rules themselves; `perfkit explain RULE` prints the same.
"""


def text() -> str:
    """The page as it should be."""
    parts = [HEAD]
    for detector in sorted(DETECTORS, key=lambda detector: detector.RULE.id):
        rule = detector.RULE
        title, _, body = inspect.cleandoc(getattr(detector, "__doc__", "") or "").partition("\n")
        fixes = [f"- {framework}: {fix}" for framework, fix in rule.fixes.items()]
        head = [f"## {rule.id}", "", f"{title} ({rule.family.value}; needs {', '.join(rule.needs)})", ""]
        parts.append("\n".join([*head, *_headed(body), "", f"**Fix.** {rule.fix}", *fixes, ""]))
    return "\n".join(parts)


def _headed(body: str) -> list[str]:
    """The docstring's fixed headings in bold, their paragraphs as they are."""
    lines = body.strip("\n").splitlines()
    return [f"**{line}**  " if line and not line.startswith(" ") else line.strip() for line in lines]


if __name__ == "__main__":
    PAGE.write_text(text())
