"""The dependencies of the notification use cases."""

from dataclasses import dataclass, field
from decimal import Decimal

from shared.clock import Clock
from shared.conversations.waiting import WaitingVisitors
from shared.email_links import Links
from shared.metrics import Metrics
from shared.spending.ports import TextMessageBudgets
from shared.suppressions import Suppressions
from shared.tenants.ports import TenantDirectory
from workers.notifications.domain import DAILY_DOLLARS, NOTICES_PER_CONTACT
from workers.notifications.ports import (
    Alerts,
    Conversations,
    EmailTemplates,
    Mailer,
    SendRateLimiter,
    SmsSender,
    TextMessageTemplates,
    VisitChanges,
)


@dataclass(frozen=True, slots=True)
class NotificationPorts:
    """The ports, and the key from which codes and links are computed."""

    email_templates: EmailTemplates
    mailer: Mailer | None
    """None where e-mail is off."""
    text_message_templates: TextMessageTemplates
    sms_sender: SmsSender | None
    """None where text messages are off."""
    alerts: Alerts | None
    """None where alerts are only logged."""
    suppressions: Suppressions
    send_rate_limiter: SendRateLimiter
    """Of each business."""
    contact_rate_limiter: SendRateLimiter
    """Of each contact at a business."""
    daily_rate_limiter: SendRateLimiter
    """The same for a day."""
    visit_changes: VisitChanges
    tenants: TenantDirectory
    metrics: Metrics
    clock: Clock
    code_key: bytes = field(repr=False)
    """Shared with the booking worker, which checks the same codes."""
    links: Links
    """Issues the links; booking verifies them."""
    sms_budgets: TextMessageBudgets
    """What the text messages of each business have cost today."""
    sms_max_price_usd: Decimal = Decimal("0.20")
    """The maximum price of one part of a text message."""
    sms_daily_usd: Decimal = DAILY_DOLLARS
    """What the text messages of a business may cost in a day."""
    notices_per_contact: int = NOTICES_PER_CONTACT
    """How many notices one contact gets from one business in a day without a further wait."""
    conversations: Conversations | None = None
    """None in an environment of the release before: no conversation can be sent."""
    waiting: WaitingVisitors | None = None
    """Those who are told that their code is late; None if nobody can be told."""
