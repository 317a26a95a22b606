"""Converts the messages in the emulator's SES and SNS to the e-mails and text messages of the inbox page."""

import base64
import binascii
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypedDict


class Attachment(TypedDict):
    """A file attached to an e-mail."""

    name: str
    content_type: str
    base64: str


class Email(TypedDict):
    """One e-mail, as `/api/inbox` lists it."""

    id: str
    to: list[str]
    subject: str
    text: str
    html: str | None
    sent_at: str
    attachments: list[Attachment]


class TextMessage(TypedDict):
    """One SMS, as `/api/texts` lists it."""

    id: str
    to: str
    text: str


def parse_text_messages(recorded: dict[str, Any]) -> list[TextMessage]:
    """Return the text messages of every number, the newest of a number first: the emulator records no times."""
    records = [record for number in recorded.get("sms_messages", {}).values() for record in reversed(number)]
    return [
        {"id": str(each["MessageId"]), "to": str(each["PhoneNumber"]), "text": str(each["Message"])} for each in records
    ]


def parse_emails(recorded: dict[str, Any]) -> list[Email]:
    """Return every account's e-mails, newest first."""
    records = [record for account in recorded.get("messages", {}).values() for record in account]
    records.sort(key=lambda record: float(record.get("Timestamp", 0)), reverse=True)
    return [_parse_email(record) for record in records]


def _parse_email(record: dict[str, Any]) -> Email:
    raw = _find_raw_message(record)
    text, html = record.get("BodyText") or "", record.get("BodyHtml") or None
    subject, attachments = str(record.get("Subject") or ""), list[Attachment]()
    if raw is not None:
        text, html = _find_content(raw, "plain") or "", _find_content(raw, "html")
        subject = subject or str(raw["Subject"] or "")
        attachments = [_build_attachment(part) for part in raw.iter_attachments()]
    return {
        "id": str(record["MessageId"]),
        "to": [*record.get("To", []), *record.get("CC", []), *record.get("BCC", [])]
        or ([str(raw["To"])] if raw is not None and raw["To"] else []),
        "subject": subject,
        "text": text,
        "html": html,
        "sent_at": datetime.fromtimestamp(float(record["Timestamp"]), UTC).isoformat(),
        "attachments": attachments,
    }


def _find_raw_message(record: dict[str, Any]) -> EmailMessage | None:
    """Return the MIME message if the record has one: as text, or in base64 as in the API."""
    for field in ("RawMessage", "Raw", "RawData", "BodyText"):
        value = record.get(field)
        data = value.get("Data") if isinstance(value, dict) else value
        if not isinstance(data, str) or not data:
            continue
        message = _parse_message(data.encode()) or _parse_message(_decode_base64(data))
        if message is not None:
            return message
    return None


def _parse_message(data: bytes) -> EmailMessage | None:
    message = message_from_bytes(data, policy=policy.default)
    return message if message["MIME-Version"] and message["Content-Type"] else None


def _decode_base64(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _find_content(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else None


def _build_attachment(part: EmailMessage) -> Attachment:
    data = part.get_payload(decode=True)
    return {
        "name": part.get_filename() or "attachment",
        "content_type": part.get_content_type(),
        "base64": base64.b64encode(data if isinstance(data, bytes) else b"").decode(),
    }
