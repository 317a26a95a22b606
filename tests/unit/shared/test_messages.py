"""That no error about a message repeats what a visitor said in it."""

import json

import pytest
from pydantic import ValidationError

from shared.consumer.decode import Decoder, UndecodableError
from shared.messages.client import CLIENT_FRAME
from shared.messages.commands import BOOKING_COMMAND, CHAT_COMMAND, COMMAND
from shared.messages.notices import NOTICE
from shared.messages.server import SERVER_FRAME
from tests.fakes.envelopes import envelope

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


def test_a_message_for_chat_without_a_type_is_a_question():
    """As it was when the queue had one type of message; any other type is unknown, whatever it is."""
    body = envelope()
    del body["type"]
    assert CHAT_COMMAND.validate_json(json.dumps(body)).type == "chat.send"
    for kind in ("booking.create", "", None, 5, ["chat.send"], {}):
        with pytest.raises(UndecodableError) as refused:
            Decoder(CHAT_COMMAND).decode(json.dumps(body | {"type": kind}))
        assert refused.value.reason == "unknown_type", kind
