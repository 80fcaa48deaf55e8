"""All rules, in the order in which they are run and listed."""

from perfkit.detectors import (
    blocked_event_loop,
    connection_churn,
    duplicate_queries,
    hot_function,
    memory_growth,
    missing_index,
    n_plus_one_queries,
    pool_wait,
    repeated_reads,
    saturation,
    sequential_awaits,
    slow_statement,
    unbounded_list,
    uncompressed_response,
)
from perfkit.detectors.base import Detector

DETECTORS: tuple[Detector, ...] = (
    n_plus_one_queries,
    duplicate_queries,
    missing_index,
    slow_statement,
    repeated_reads,
    connection_churn,
    pool_wait,
    blocked_event_loop,
    sequential_awaits,
    hot_function,
    memory_growth,
    unbounded_list,
    uncompressed_response,
    saturation,
)
