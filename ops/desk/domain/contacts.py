"""Checks a new contact of a notice by the rules that booking has for contacts of the same business."""

from collections.abc import Mapping
from typing import Any

from ops.desk.domain.values import FieldProblem, FieldProblemKind, Invalid
from workers.booking.facade import ContactRules

_PROBLEM_OF_KIND = {
    "email": FieldProblem(
        FieldProblemKind.IS_EMAIL, "the contact is an e-mail address: give `email` or leave it empty"
    ),
    "phone": FieldProblem(
        FieldProblemKind.IS_PHONE, "the contact is a telephone number: give `phone` or leave it empty"
    ),
}


def normalize_contact(
    before: Mapping[str, Any], after: Mapping[str, Any], rules: ContactRules
) -> dict[str, Any] | Invalid:
    """Return the new data with the contact in booking's normal form, and with the kind of the contact.

    A contact that does not change is not checked: its channel may have been turned off since. A kind that does not
    change, or is empty, is derived from the contact; any other must match it.
    """
    text, stated = after.get("contact"), after.get("contact_kind")
    is_stated = stated not in ("", None, before.get("contact_kind"))
    if not isinstance(text, str) or (text == before.get("contact") and not is_stated):
        return {**after, "contact_kind": stated or before.get("contact_kind")}
    contact = rules.parse(text)
    if contact is None:
        return Invalid({"contact": _describe_problem(text, rules)})
    if is_stated and stated != contact.kind:
        return Invalid({"contact_kind": _PROBLEM_OF_KIND[contact.kind]})
    return {**after, "contact": contact.address, "contact_kind": contact.kind}


def _describe_problem(text: str, rules: ContactRules) -> FieldProblem:
    """Return what is wrong, without repeating the contact."""
    kind = FieldProblemKind
    if "@" in text:
        if rules.channels.email:
            return FieldProblem(kind.NO_EMAIL, "this is not an e-mail address that can receive e-mails")
        return FieldProblem(kind.EMAIL_OFF, "no e-mails are sent for this business")
    if rules.channels.sms:
        return FieldProblem(
            kind.NO_CONTACT, "this is neither an e-mail address nor a mobile number of a supported country"
        )
    return FieldProblem(kind.SMS_OFF, "this is not an e-mail address, and text messages are off")
