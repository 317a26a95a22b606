"""Sends e-mail through SES v2, as a MIME message so that files can go with it."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import error_code, translated
from shared.errors import PermanentError
from workers.notifications.domain import Letter

_REJECTED = frozenset(
    {"MessageRejected", "MailFromDomainNotVerifiedException", "AccountSuspendedException", "BadRequestException"}
)


class SesMailer:
    """One verified sender for all tenants; replies go to the tenant."""

    def __init__(self, *, client: Any, sender: str) -> None:
        self._client = client
        self._sender = parseaddr(sender)[1]

    async def send(self, letter: Letter) -> None:
        """Return once SES has taken the letter."""
        try:
            with translated("ses.send_email"):
                await self._client.send_email(
                    FromEmailAddress=self._sender,
                    Destination={"ToAddresses": [letter.recipient]},
                    Content={"Raw": {"Data": self._message(letter).as_bytes(policy=SMTP)}},
                )
        except PermanentError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and error_code(cause) in _REJECTED:
                raise PermanentError("mail_rejected", error_code(cause)) from error
            raise

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(letter.sender_name, addr_spec=self._sender)
        message["To"] = letter.recipient
        if letter.reply_to:
            message["Reply-To"] = letter.reply_to
        message["Subject"] = letter.subject
        # The same for a repeated letter, so that mail programs can show it once.
        message["Message-ID"] = f"<{letter.notice_id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        for attachment in letter.attachments:
            kind, _, subtype = attachment.content_type.partition("/")
            message.add_attachment(
                attachment.content.encode(),
                maintype=kind,
                subtype=subtype,
                filename=attachment.name,
                params={"charset": "utf-8", "method": "PUBLISH"},
            )
        return message
