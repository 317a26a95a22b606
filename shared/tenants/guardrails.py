"""The guardrail of a business: what Bedrock checks visitors' messages and the assistant's answers with."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from shared.tenants.profile_types import Section

_ID = re.compile(r"[a-z0-9]{1,64}|arn:aws(?:-[a-z-]{1,20})?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]{1,64}")
_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")


def _read_number(value: object) -> object:
    """Return a version that YAML has read as a number as the text that it is."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _check_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("write the id of a guardrail, such as abc123def456, or its ARN")
    return text


def _check_version(text: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError("write the number of a version, such as 1, or DRAFT")
    return text


class Guardrail(Section):
    """A guardrail of the account, by its id or ARN, and its version: a number, or `DRAFT`.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailStreamConfiguration.html
    """

    id: Annotated[str, AfterValidator(_check_id)]
    version: Annotated[str, BeforeValidator(_read_number), AfterValidator(_check_version)]
