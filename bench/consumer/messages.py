"""The messages of the benchmark: our command, as the ingress writes it, in the envelope of each consumer."""

import json

from tests.fakes.envelopes import command_body


def command(*, key: str = "key-{n}", session: str = "session-{n}", text: str = "How much is a sports massage?") -> str:
    """Return an envelope; `{n}` is the message's number."""
    return command_body(key, text, session)


def taskiq_task() -> str:
    """Return a task as taskiq's sender writes it, with the command as its argument."""
    content = json.loads(command())
    task = {"task_id": "{n}", "task_name": "noop", "labels": {}, "labels_types": None, "args": [content], "kwargs": {}}
    return json.dumps(task)


FANFERRO_ATTRIBUTES = {
    "fanferro.id": {"DataType": "String", "StringValue": "018f2d5e-7a3b-7c1d-9e2f-3a4b5c6d7e8f"},
    "fanferro.type": {"DataType": "String", "StringValue": "chat.command.v1"},
}
"""The message attributes that fanferro sends with a JSON body by default."""
