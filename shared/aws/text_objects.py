"""Reads objects of S3 as texts, with botocore's client or the calls of ingress and authorizer."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from shared.aws.errors import get_error_code, translate_aws_errors

MAX_BYTES = 512 * 1024
"""More is not read: twice as much as any profile or document may have."""

_PART_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The object still has the ETag that was known."""


@dataclass(frozen=True, slots=True)
class TextObject:
    """The content of an object, cut off soon after `MAX_BYTES`, and its ETag."""

    content: bytes
    etag: str

    @property
    def text(self) -> str:
        """Return the content as UTF-8, with a replacement character where it is none."""
        return self.content.decode(errors="replace")


def read_text_object(get_object: Callable[..., Any], *, known_etag: str = "") -> TextObject | Unchanged | None:
    """Return an object; None if it does not exist, `Unchanged` if it still has the ETag.

    Raises:
        TransientError, PermanentError: it can't be read.
    """
    condition = {"IfNoneMatch": known_etag} if known_etag else {}
    with translate_aws_errors("knowledge.read"):
        try:
            answer = get_object(**condition)
        except ClientError as error:
            if get_error_code(error) == "NoSuchKey":
                return None
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 304:
                return Unchanged()
            raise
        content = bytearray()
        with closing(answer["Body"]) as body:
            # In parts, because only a read that finds the end checks that nothing is missing.
            while len(content) < MAX_BYTES and (part := body.read(_PART_BYTES)):
                content += part
    return TextObject(bytes(content), answer["ETag"])
