"""Every observer, in the order in which they start: the light ones first."""

from typing import Final

from perfkit.collectors import accept_queue, call_trees, host, memory, processes, stacks, traces
from perfkit.collectors.base import Collector

COLLECTORS: Final[tuple[Collector, ...]] = (host, processes, accept_queue, memory, traces, call_trees, stacks)
