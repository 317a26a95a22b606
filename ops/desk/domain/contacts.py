"""Where a notice may go instead: what booking would take as a contact of the same business, and nothing else."""

from collections.abc import Mapping
from typing import Any

from ops.desk.domain.values import FieldProblem, FieldProblemKind, Invalid
from workers.booking.facade import ContactRules

_OF_KIND = {
    "email": FieldProblem(FieldProblemKind.IS_EMAIL, "the contact is an e-mail address: say `email` or nothing"),
    "phone": FieldProblem(FieldProblemKind.IS_PHONE, "the contact is a telephone number: say `phone` or nothing"),
}


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
        return Invalid({"contact_kind": _OF_KIND[contact.kind]})
    return {**given, "contact": contact.address, "contact_kind": contact.kind}


def _why_not(text: str, rules: ContactRules) -> FieldProblem:
    """Return what is wrong, without what was given."""
    kind = FieldProblemKind
    if "@" in text:
        if rules.channels.email:
            return FieldProblem(kind.NO_EMAIL, "this is no e-mail address that letters could reach")
        return FieldProblem(kind.EMAIL_OFF, "no e-mails are sent for this business")
    if rules.channels.sms:
        return FieldProblem(
            kind.NO_CONTACT, "this is neither an e-mail address nor a mobile number of a country that is served"
        )
    return FieldProblem(kind.SMS_OFF, "this is no e-mail address, and text messages are off")
