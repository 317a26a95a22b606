"""The settings of the notifications worker, from environment variables."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from shared.settings import AwsSettings
from workers.notifications.domain import DAILY_DOLLARS, NOTICES_PER_CONTACT


class NotificationsSettings(AwsSettings):
    """Queues, tables, senders and the code key."""

    conversations_table: str = ""
    """Holds the conversations that visitors have sent to them; in an environment of the release before it is empty."""
    connections_table: str = ""
    websocket_endpoint: str = ""
    """Where visitors hear that a code is late; in an environment of the release before it is empty, and they don't."""
    notifications_queue_url: str
    notifications_dlq_url: str
    codes_queue_url: str = ""
    """The queue of codes; if it is empty, as in an environment of the release before, they come with other notices."""

    failures_table: str
    """Where the outcomes of replays are recorded."""

    feedback_queue_url: str
    """The queue of bounces and complaints."""
    feedback_topic_arn: str
    """The topic that they are published to; messages of other topics are refused."""
    suppressions_table: str
    limits_table: str
    """Holds send rates and visit changes, beside booking's quota units."""

    code_key_secret_id: str
    notices_per_minute: int = Field(default=300, ge=1, le=60_000)
    """The rate limit of one business; codes have a limit of their own. Notices above the limit wait."""
    notices_per_contact: int = Field(default=NOTICES_PER_CONTACT, ge=1, le=10_000)
    """How many notices one contact gets from one business in a day without a further wait; codes do not count."""
    ses_from_email: str = ""
    """The verified sender. Without one booking refuses e-mail addresses, and queued e-mails fail as `mail_off`."""

    ses_configuration_set: str = ""
    """The configuration set by which SES reports bounces and complaints; without one no address is suppressed."""

    sms_enabled: bool = False
    """Whether text messages are sent. If not, booking refuses telephone numbers."""

    sms_max_price_usd: Decimal = Field(default=Decimal("0.20"), gt=0, le=10, decimal_places=5)
    """The maximum price of one part. SNS accepts a more expensive message and drops it."""

    sms_daily_usd: Decimal = Field(default=DAILY_DOLLARS, gt=0, le=1_000_000, decimal_places=5)
    """What the text messages of one business may cost in a day, each counted at the maximum price."""

    sms_sender_id: Annotated[str, Field(pattern=r"^([A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*)?$", max_length=11)] = ""
    """The name that text messages are from, in countries that allow one
    (https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html)."""

    alert_topic_arn: str = ""
    """The topic of alerts to the operators; without one alerts are only logged."""

    sns_topic_arn: str = ""
    """The former name of `alert_topic_arn`, which the predecessor's deployments set."""

    @property
    def alert_topic(self) -> str:
        """Return the topic of alerts under its new or its former name; empty if there is none."""
        return self.alert_topic_arn or self.sns_topic_arn
