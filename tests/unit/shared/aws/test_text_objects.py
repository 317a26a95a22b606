"""Objects as texts: bounded, complete or not at all."""

import io

import pytest
from botocore.response import StreamingBody

from shared.aws import text_objects
from shared.aws.text_objects import MAX_BYTES, TextObject, read_text_object
from shared.errors import TransientError
from shared.tenants.parse import MAX_PROFILE_BYTES


def stored(content, *, length=None):
    """Return an answer of botocore with this body, of which the length was announced."""
    return {"Body": StreamingBody(io.BytesIO(content), len(content) if length is None else length), "ETag": '"e"'}


@pytest.mark.parametrize("content", ["", "Zażółć", "x" * 200_000])
def test_an_object_is_read_completely(content):
    """With its ETag, as S3 spells it."""
    found = read_text_object(lambda: stored(content.encode()))
    assert found == TextObject(content.encode(), '"e"')
    assert found.text == content


def test_an_object_that_breaks_off_is_read_again_later():
    """Half a profile may be a valid one."""
    with pytest.raises(TransientError):
        read_text_object(lambda: stored(b"name: Sal", length=20))


def test_no_object_fills_the_memory(monkeypatch):
    """What is too long is cut off, but stays longer than a profile may be, so that it is refused with its reason."""
    monkeypatch.setattr(text_objects, "_PART_BYTES", 1024)
    body = io.BytesIO(b"x" * (2 * MAX_BYTES))
    found = read_text_object(lambda: {"Body": body, "ETag": '"e"'})
    assert MAX_PROFILE_BYTES < len(found.text) <= MAX_BYTES
    assert body.closed
