"""What a lost worker will not send: its share of the schedule from when it was last heard of."""

from itertools import count

from perfkit.load.channel import Order
from perfkit.load.compile import segments
from perfkit.load.plan import Segment, schedule
from perfkit.load.share import Share
from perfkit.load.tally import Unsent


def unsent(order: Order, of: int) -> Unsent:
    """Closed load has no schedule: its lost users are named, and not counted."""
    whole = segments(order.scenario, order.profile, order.profile_for)
    seed = order.scenario.seed

    def missed(worker: int, since: float, until: float, /) -> int:
        return arrivals(whole, seed, Share(worker, of), since, until)

    return missed


def arrivals(whole: tuple[Segment, ...], seed: int, share: Share, since: float, until: float) -> int:
    """Of the measure phase, those due after `since` and before `until`, both in seconds from its beginning."""
    first, start, found = 0, 0.0, 0
    for segment in whole:
        if not segment.is_open or segment.duration is None:
            continue
        numbers = count(first)
        mine = share.arrivals(zip(schedule(segment, seed), numbers, strict=False), first)
        if segment.phase == "measure":
            found += sum(since < start + offset < until for offset, _ in mine)
            start += segment.duration
        else:
            for _ in mine:
                pass  # only to number those that follow
        first = next(numbers)
    return found
