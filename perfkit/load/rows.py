"""The feeders' rows of one iteration: drawn when first asked for, so that a flow only uses up what it reads."""

from collections.abc import Iterator, Mapping
from random import Random

from perfkit.scenario.feeders import Feed, Row


class Rows(Mapping[str, Row]):
    """Raises feeders.Exhausted, like the feed itself, when a row is asked for and none is left."""

    def __init__(self, feeds: Mapping[str, Feed], user: int, source: Random) -> None:
        self._feeds = feeds
        self._user = user
        self._source = source
        self._drawn: dict[str, Row] = {}

    def __getitem__(self, name: str) -> Row:
        if name not in self._drawn:
            self._drawn[name] = self._feeds[name].row(self._user, self._source)
        return self._drawn[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._feeds)

    def __len__(self) -> int:
        return len(self._feeds)
