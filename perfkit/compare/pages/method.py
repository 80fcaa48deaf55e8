"""How it was compared, and what the comparison cannot see."""

from perfkit.compare.comparison import Comparison
from perfkit.compare.subject import Subject
from perfkit.page import Column, Section, Table, Text
from perfkit.units import show_share, show_time


def section(comparison: Comparison, subject: Subject) -> Section:
    rules = comparison.settings.rules
    rows = (
        ("base", subject.base.title), ("head", subject.head.title), ("scenario", subject.scenario),
        ("measured", show_time(comparison.lasted)),
        ("cores of both versions", _cores(subject.cores)), ("cores of the client", _cores(subject.client_cores)),
        ("gate", ", ".join(sorted(comparison.settings.gate))),
        ("margin", show_share(rules.margin)), ("smallest change that is called one", show_share(rules.floor)),
        ("chance of any false alarm", show_share(rules.alpha)),
    )  # fmt: skip
    blocks = Text(
        "Both versions are up at once. The same request goes to both, one after the other, in random order; blocks of such "
        "pairs are what is counted, and both versions are started anew several times. A figure regressed when its "
        "Hodges-Lehmann interval, at the level that Holm's procedure leaves to it, excludes no change and the estimate "
        f"is at least {show_share(rules.floor)}; “equivalent” is said of the typical request, when a slowdown of "
        f"{show_share(rules.margin)} is excluded. Slow requests and bursts can fail a comparison and cannot hold it up."
    )
    return Section("How it was compared", (Table("Conditions", (Column("what"), Column("value")), rows), blocks))


def _cores(cores: tuple[int, ...]) -> str:
    return ", ".join(map(str, cores)) or "any"
