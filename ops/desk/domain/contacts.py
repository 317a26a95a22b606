"""Where a notice may go instead: what booking would take as a contact of the same business, and nothing else."""

from collections.abc import Mapping
from typing import Any

from ops.desk.domain.values import Invalid
from workers.booking.facade import ContactRules

_KINDS = {"email": "an e-mail address", "phone": "a telephone number"}


def with_contact(before: Mapping[str, Any], given: Mapping[str, Any], rules: ContactRules) -> dict[str, Any] | Invalid:
    """Return what is given with its contact as booking would keep it, and with the kind that it is of.

    A contact that stays is left alone: it may be of a channel that is off by now. A kind that stays, or is left
    empty, follows the contact; another one has to be what the contact is.
    """
    text, stated = given.get("contact"), given.get("contact_kind")
    is_stated = stated not in ("", None, before.get("contact_kind"))
    if not isinstance(text, str) or (text == before.get("contact") and not is_stated):
        return {**given, "contact_kind": stated or before.get("contact_kind")}
    contact = rules.parse(text)
    if contact is None:
        return Invalid({"contact": _why_not(text, rules)})
    if is_stated and stated != contact.kind:
        return Invalid({"contact_kind": f"the contact is {_KINDS[contact.kind]}: say `{contact.kind}` or nothing"})
    return {**given, "contact": contact.address, "contact_kind": contact.kind}


def _why_not(text: str, rules: ContactRules) -> str:
    """Return what is wrong, without what was given."""
    if "@" in text:
        if rules.channels.email:
            return "this is no e-mail address that letters could reach"
        return "no e-mails are sent for this business"
    if rules.channels.sms:
        return "this is neither an e-mail address nor a mobile number of a country that is served"
    return "this is no e-mail address, and text messages are off"
