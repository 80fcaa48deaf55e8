"""Every observer, in the order in which they start: the light ones first."""

from typing import Final

from perfkit.collectors import call_trees, host, memory, stacks, traces
from perfkit.collectors.base import Collector

COLLECTORS: Final[tuple[Collector, ...]] = (host, memory, traces, call_trees, stacks)
