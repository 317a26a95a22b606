"""What a text message costs at most: the parts as which it is billed, each at the maximum price."""

from decimal import Decimal

from shared.spending.rules import to_nano_dollars
from workers.notifications.domain.gsm import count_septets

DAILY_DOLLARS = Decimal(50)
"""What the text messages of one business may cost in a day: 62 visits with a code, a confirmation and two reminders, at
the maximum price of 0.20."""

_SEPTETS = 160
_SEPTETS_OF_SEVERAL = 153
"""A part of several has a header of seven septets (3GPP TS 23.040)."""


def count_parts(text: str) -> int:
    """Return as how many parts a text in GSM characters is billed."""
    septets = count_septets(text)
    return 1 if septets <= _SEPTETS else -(-septets // _SEPTETS_OF_SEVERAL)


def compute_highest_price(text: str, max_price_usd: Decimal) -> int:
    """Return the nano-dollars that a message costs at most: SNS drops one of which a part costs more.

    The price itself depends on the country, the carrier and the month, and is known only from the bill.
    """
    return count_parts(text) * to_nano_dollars(max_price_usd)
