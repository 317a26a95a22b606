"""Selects some of many free times, so that each day and service has its share."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from workers.booking.domain.values import SlotOffer

_LEAST_OF_A_DAY = 2


def select_times(offers: Sequence[SlotOffer], zone: ZoneInfo, *, limit: int) -> list[SlotOffer]:
    """Return at most `limit` offers, in their order: all, or as many of each day and service, evenly over the day.

    The first and the last of a day are among them. Where even two of each are too many, the last days are left out.
    """
    if len(offers) <= limit:
        return list(offers)
    groups: defaultdict[tuple[date, str], list[SlotOffer]] = defaultdict(list)
    for offer in offers:
        groups[offer.start.astimezone(zone).date(), offer.service_id].append(offer)
    share = max(_LEAST_OF_A_DAY, limit // len(groups))
    # The groups are in the order of their days, so what is beyond the limit is of the last ones.
    selected = [offer for group in groups.values() for offer in _spread(group, share)][:limit]
    return sorted(selected, key=lambda offer: (offer.start, offer.service_id))


def _spread(group: Sequence[SlotOffer], count: int) -> Sequence[SlotOffer]:
    if len(group) <= count:
        return group
    return [group[number * (len(group) - 1) // (count - 1)] for number in range(count)]
