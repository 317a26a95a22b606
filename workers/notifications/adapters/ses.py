"""Sends e-mail through SES v2, as MIME messages so that files can be attached."""

import hashlib
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

from email_validator import EmailNotValidError, validate_email

from shared.aws.errors import find_aws_error_code, translate_aws_errors
from shared.errors import DeploymentError, PermanentError, TransientError
from workers.notifications.adapters.send_errors import translate_send_error
from workers.notifications.domain import Email

_REJECTED = frozenset({"MessageRejected", "MailFromDomainNotVerifiedException", "BadRequestException"})
_DEPLOYMENT = frozenset({"AccountSuspendedException", "SendingPausedException", "NotFoundException"})
"""The e-mail is valid: the account or its configuration set has to be corrected
(https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html)."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", re.ASCII)
_ENCODED = "=?"
"""How an encoded word of RFC 2047 begins."""


class SesMailer:
    """Sends from one verified address for all tenants; replies go to the tenant."""

    def __init__(self, *, client: Any, sender: str, configuration_set: str = "") -> None:
        """Take the sender, and the configuration set by which SES reports bounces and complaints."""
        self._client = client
        self._sender = parseaddr(sender)[1]
        self._options = {"ConfigurationSetName": configuration_set} if configuration_set else {}

    async def send(self, email: Email) -> None:
        """Return once SES has accepted the e-mail."""
        message = self._build_message(email).as_bytes(policy=SMTP)
        try:
            with translate_aws_errors("ses.send_email"):
                await self._client.send_email(
                    FromEmailAddress=self._sender,
                    Destination={"ToAddresses": [email.recipient]},
                    Content={"Raw": {"Data": message}},
                    **self._options,
                )
        except TransientError as error:
            raise translate_send_error(error, reason="mail_not_taken") from error
        except PermanentError as error:
            code = find_aws_error_code(error)
            if code in _REJECTED:
                raise PermanentError("mail_rejected", code) from error
            if code in _DEPLOYMENT:
                raise DeploymentError(error.reason, code) from error
            raise

    def _build_message(self, email: Email) -> EmailMessage:
        """Return the message; equal e-mails give equal bytes."""
        message = EmailMessage()
        message["From"] = Address(email.sender_name, addr_spec=self._sender)
        message["To"] = _check_recipient(email.recipient)
        if reply_to := _parse_reply_to(email.reply_to):
            message["Reply-To"] = reply_to
        message["Subject"] = email.subject
        # The same for a repeated e-mail, so that mail programs can display it once.
        message["Message-ID"] = f"<{email.notice_id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(email.text)
        if email.html:
            message.add_alternative(email.html, subtype="html")
        for attachment in email.attachments:
            kind, _, subtype = attachment.content_type.partition("/")
            message.add_attachment(
                attachment.content.encode(),
                maintype=kind,
                subtype=subtype,
                filename=attachment.name,
                params={"charset": "utf-8"} | ({"method": attachment.method} if attachment.method else {}),
            )
        _fix_boundaries(message, email.notice_id)
        return message


def _check_recipient(address: str) -> str:
    """Return the address if it is the only one that a header with it names.

    `=?utf-8?q?a=40b=2C_c?=@d` is one address in RFC 5322, but two others once a mail program decodes the encoded word.

    Raises:
        PermanentError: `mail_rejected`.
    """
    if not _ADDRESS.fullmatch(address) or _ENCODED in address:
        raise PermanentError("mail_rejected", "not an address that a header can name")
    return address


def _parse_reply_to(address: str | None) -> str | None:
    """Return the reply address in ASCII; None if it is invalid, because SES would refuse every e-mail with it."""
    if not address or _ENCODED in address:
        return None
    try:
        return validate_email(address, check_deliverability=False, allow_display_name=True).ascii_email
    except EmailNotValidError:
        return None


def _fix_boundaries(message: EmailMessage, notice_id: str) -> None:
    """Derive the boundaries from the notice's id: random ones would make a repeated e-mail another message.

    No encoded part contains a line that begins with `=_` (RFC 2045, 6.7).
    """
    name = hashlib.sha256(notice_id.encode()).hexdigest()[:32]
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{name}_{number}")
