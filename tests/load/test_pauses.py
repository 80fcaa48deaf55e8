"""Collections of garbage are noticed, each once."""

import gc

from perfkit.load.pauses import Pauses


def test_each_collection_is_noticed_until_nobody_asks_any_more() -> None:
    pauses = Pauses()
    before = list(gc.callbacks)

    pauses.begin()
    gc.collect()
    taken = pauses.take()
    pauses.end()
    gc.collect()

    assert len(taken) >= 1
    assert all(pause >= 0 for pause in taken)
    assert pauses.take() == []
    assert gc.callbacks == before
