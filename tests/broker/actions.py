"""The actions on messages, single and in batches, except ReceiveMessage (`receive.py`)."""

import json
from collections.abc import Callable
from typing import Any

from tests.broker.errors import SqsError, invalid_parameter
from tests.broker.queue import Queue
from tests.broker.send import send

Call = dict[str, Any]
Operation = Callable[[Queue, Call], bytes]

_MAX_ENTRIES = 10
_MAX_VISIBILITY_SECONDS = 43_200


def send_message(queue: Queue, call: Call) -> bytes:
    """Send a message."""
    return json.dumps(send(queue, call)).encode()


def delete_message(queue: Queue, call: Call) -> bytes:
    """Delete a message."""
    queue.delete(call["ReceiptHandle"])
    return b"{}"


def change_message_visibility(queue: Queue, call: Call) -> bytes:
    """Change the visibility timeout of a message."""
    _change(queue, call)
    return b"{}"


def send_message_batch(queue: Queue, call: Call) -> bytes:
    """Send up to ten messages."""
    return _batch(call, lambda entry: json.dumps({"Id": entry["Id"], **send(queue, entry)}))


def delete_message_batch(queue: Queue, call: Call) -> bytes:
    """Delete up to ten messages."""
    delete = queue.delete

    def one(entry: Call) -> str:
        delete(entry["ReceiptHandle"])
        return _done(entry["Id"])

    return _batch(call, one)


def change_message_visibility_batch(queue: Queue, call: Call) -> bytes:
    """Change the visibility timeouts of up to ten messages."""

    def one(entry: Call) -> str:
        _change(queue, entry)
        return _done(entry["Id"])

    return _batch(call, one)


OPERATIONS: dict[str, Operation] = {
    "SendMessage": send_message,
    "SendMessageBatch": send_message_batch,
    "DeleteMessage": delete_message,
    "DeleteMessageBatch": delete_message_batch,
    "ChangeMessageVisibility": change_message_visibility,
    "ChangeMessageVisibilityBatch": change_message_visibility_batch,
}


def _batch(call: Call, one: Callable[[Call], str]) -> bytes:
    entries = call.get("Entries") or ()
    if not entries:
        raise SqsError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > _MAX_ENTRIES:
        raise SqsError("TooManyEntriesInBatchRequest", f"Maximum number of entries per request are {_MAX_ENTRIES}.")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise SqsError("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    done: list[str] = []
    failed: list[str] = []
    for entry in entries:
        try:
            done.append(one(entry))
        except SqsError as error:
            failed.append(_failed(entry["Id"], error))
    failed_member = f',"Failed":[{",".join(failed)}]' if failed else ""
    return f'{{"Successful":[{",".join(done)}]{failed_member}}}'.encode()


def _change(queue: Queue, call: Call) -> None:
    seconds = call["VisibilityTimeout"]
    if not 0 <= seconds <= _MAX_VISIBILITY_SECONDS:
        reason = f"Reason: Must be between 0 and {_MAX_VISIBILITY_SECONDS}."
        raise invalid_parameter(f"Value {seconds} for parameter VisibilityTimeout is invalid. {reason}")
    queue.change_visibility(call["ReceiptHandle"], seconds)


def _done(entry_id: str) -> str:
    return f'{{"Id":"{entry_id}"}}' if entry_id.isalnum() else json.dumps({"Id": entry_id})


def _failed(entry_id: str, error: SqsError) -> str:
    """Return the JSON of a refused entry of a batch."""
    fault = error.status < 500
    return json.dumps({"Id": entry_id, "SenderFault": fault, "Code": error.code, "Message": error.message})
