"""That no error about a message repeats what a visitor said in it."""

import json

import pytest
from pydantic import ValidationError

from shared.messages.client import CLIENT_FRAME
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND, COMMAND
from shared.messages.notices import NOTICE
from shared.messages.server import SERVER_FRAME

INPUT = "what Jan Kowalski said"


@pytest.mark.parametrize(
    ("adapter", "kind"),
    [
        (CLIENT_FRAME, "chat.send"),
        (SERVER_FRAME, "chat.sent"),
        (CHAT_COMMAND, "chat.send"),
        (COMMAND, "chat.send"),
        (BOOKING_COMMAND, "booking.create"),
        (NOTICE, "notice.code"),
    ],
)
def test_an_error_names_the_field_and_not_its_value(adapter, kind):
    """A traceback ends up in a log: it may say which field is wrong, never what stands in it."""
    body = {"v": 1, "type": kind, "id": "a", "data": {"text": [INPUT], "name": [INPUT]}}
    with pytest.raises(ValidationError) as caught:
        adapter.validate_json(json.dumps(body))
    assert INPUT not in str(caught.value)
