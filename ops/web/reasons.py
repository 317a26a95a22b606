"""Words for why a message failed, and for what to do about it."""

from shared.languages.catalogue import Texts

_AWS = "aws_"
"""A call that AWS has refused for good has this and the code of AWS as its reason; there are hundreds of codes."""


def describe_reason(t: Texts, reason: str) -> str:
    """Return the reason of a failure in the reader's language; one without a text is returned as it is."""
    if reason.startswith(_AWS):
        return t("reason_aws", code=reason.removeprefix(_AWS))
    return t.translate_name("reason", reason)


def find_advice(t: Texts, reason: str) -> str | None:
    """Return what an operator can do about it, or None."""
    return t("advice_aws") if reason.startswith(_AWS) else t.get(f"advice_{reason}")
