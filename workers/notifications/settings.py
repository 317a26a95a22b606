"""What the notifications worker reads from the environment."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from shared.settings import AwsSettings


class NotificationsSettings(AwsSettings):
    """Its queues and tables, the senders and the code key; it posts to no socket."""

    conversations_table: str = ""
    connections_table: str = ""
    websocket_endpoint: str = ""
    notifications_queue_url: str
    notifications_dlq_url: str
    failures_table: str
    """Where the end of a replay is noted."""

    feedback_queue_url: str
    """Where bounces and complaints come in."""
    feedback_topic_arn: str
    """The one topic that they come from."""
    suppressions_table: str
    limits_table: str
    """Where the lines of businesses that send much are, and what became of visits, beside booking's seats."""

    code_key_secret_id: str
    notices_per_minute: int = Field(default=300, ge=1, le=60_000)
    """Of one business; its codes have a line of their own. What is above waits."""
    ses_from_email: str = ""
    """The verified sender. Without one booking refuses every address; what was taken before fails as `mail_off`."""

    ses_configuration_set: str = ""
    """By which SES says what became of letters; without one no address is ever suppressed."""

    sms_enabled: bool = False
    """Whether text messages may be sent. If not, booking refuses every telephone number."""

    sms_max_price_usd: Decimal = Field(default=Decimal("0.20"), gt=0, le=10, decimal_places=5)
    """What one part may cost. SNS accepts a dearer message and drops it."""

    sms_sender_id: Annotated[str, Field(pattern=r"^([A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*)?$", max_length=11)] = ""
    """Who a text message says it is from, where a country allows a name
    (https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html)."""

    sns_topic_arn: str = ""
    """Where alerts for whoever runs the system go; without one they are in the log alone."""
