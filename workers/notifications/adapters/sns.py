"""Publishes through SNS: text messages to a number, alerts to a topic."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from shared.aws.errors import find_aws_error_code, translate_aws_errors
from shared.errors import DeploymentError, PermanentError, TransientError
from shared.messages.notices import OperatorAlert
from workers.notifications.adapters.send_errors import translate_send_error
from workers.notifications.domain import TextMessage, to_gsm_text

_NUMBER_REFUSED = frozenset({"InvalidParameter", "ParameterValueInvalid", "ValidationException", "OptedOut"})
_DEPLOYMENT = frozenset(
    {
        "AuthorizationError",
        "NotFound",
        "KMSAccessDenied",
        "KMSDisabled",
        "KMSInvalidState",
        "KMSNotFound",
        "KMSOptInRequired",
    }
)
"""The error codes of SNS for a missing permission, a missing topic, and a key of the topic that can't be used
(https://docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""
_KEY_THROTTLED = "KMSThrottling"

_SUBJECT_CHARACTERS = 99


class SnsSmsSender:
    """Sends text messages as transactional ones, which have priority, up to a maximum price."""

    def __init__(self, *, client: Any, max_price_usd: Decimal, sender_id: str = "") -> None:
        """Take the maximum price of one part; SNS drops a more expensive message."""
        self._client = client
        self._attributes = {
            "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
            "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": f"{max_price_usd:f}"},
        }
        if sender_id:
            self._attributes["AWS.SNS.SMS.SenderID"] = {"DataType": "String", "StringValue": sender_id}

    async def send(self, message: TextMessage) -> None:
        """Return once SNS has accepted the message."""
        try:
            with _translate_errors():
                await self._client.publish(
                    PhoneNumber=message.recipient,
                    Message=message.text,
                    MessageAttributes=self._attributes,
                )
        except TransientError as error:
            raise translate_send_error(error, reason="sms_not_taken") from error
        except PermanentError as error:
            code = find_aws_error_code(error)
            if code in _NUMBER_REFUSED:
                # Without SNS's error text, which contains the number.
                raise PermanentError("sms_rejected", code) from error
            raise


class SnsAlerts:
    """Publishes to one topic for all tenants; operators subscribe to it by e-mail, pager or otherwise."""

    def __init__(self, *, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    async def send(self, alert: OperatorAlert) -> None:
        """Return once SNS has accepted the alert."""
        facts = alert.data
        with _translate_errors():
            await self._client.publish(
                TopicArn=self._topic_arn,
                # SNS refuses subjects of 100 characters or more, and characters outside ASCII.
                Subject=_to_ascii(f"{facts.reason} ({alert.tenant})")[:_SUBJECT_CHARACTERS],
                Message=(
                    f"{facts.advice}\n\nReason: {facts.reason}\nBusiness: {alert.tenant}\nNotice: {alert.id}\n\n"
                    "`stride doctor` checks what else is missing; `stride failures list` shows the failures.\n"
                ),
            )


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        with translate_aws_errors("sns.publish"):
            yield
    except PermanentError as error:
        code = find_aws_error_code(error)
        if code in _DEPLOYMENT:
            raise DeploymentError(error.reason, str(error)) from error
        if code == _KEY_THROTTLED:
            raise TransientError(str(error)) from error
        raise


def _to_ascii(text: str) -> str:
    return to_gsm_text(text).encode("ascii", "replace").decode()
