"""Reads and masks the contact that a visitor gives."""

from email_validator import EmailNotValidError, validate_email

from shared.messages.errors import ErrorCode
from workers.booking.domain.values import Contact, Refusal

__all__ = ["Contact", "mask", "parse_contact"]

_HIDDEN = "***"


def parse_contact(text: str, *, email_enabled: bool, allow_special_domains: bool = False) -> Contact | Refusal:
    """Return the e-mail address in the form that mail servers take; anything else is `INVALID_CONTACT`.

    The domain comes in lower case and in its ASCII form, and the part before the @ must be ASCII, because
    SES takes nothing else (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html).
    `allow_special_domains` lets names such as `clinic.test` pass, for demonstrations and tests. A telephone
    number is refused as long as no channel reaches it.
    """
    if not email_enabled:
        return Refusal(ErrorCode.INVALID_CONTACT)
    try:
        checked = validate_email(
            text.strip(),
            check_deliverability=False,
            strict=True,
            allow_smtputf8=False,
            test_environment=allow_special_domains,
        )
    except EmailNotValidError:
        return Refusal(ErrorCode.INVALID_CONTACT)
    return Contact("email", checked.ascii_email or checked.normalized)


def mask(address: str) -> str:
    """Return `a***@e***.com`: the first letters and the top-level domain, not even the lengths."""
    local, at, domain = address.rpartition("@")
    name, dot, top_level = domain.rpartition(".")
    if not (local and at and name and dot):
        return _HIDDEN
    return f"{local[0]}{_HIDDEN}@{name[0]}{_HIDDEN}.{top_level}"
