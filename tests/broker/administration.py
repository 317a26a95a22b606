"""The actions on queues: create, find, describe, change, purge, delete."""

import json
from collections.abc import Callable
from typing import Any

from tests.broker.actions import Call
from tests.broker.errors import SqsError
from tests.broker.queues import Queues


class Administration:
    """Carries out the actions on queues."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._operations: dict[str, Callable[[Call], dict[str, Any]]] = {
            "CreateQueue": self._create,
            "GetQueueUrl": self._url,
            "GetQueueAttributes": self._describe,
            "SetQueueAttributes": self._change,
            "DeleteQueue": self._remove,
            "PurgeQueue": self._purge,
            "ListQueues": self._list,
            "ListQueueTags": lambda _call: {},
            "TagQueue": lambda _call: {},
        }

    def carry_out(self, action: str, call: Call) -> bytes:
        """Return the answer.

        Raises:
            SqsError: the action is refused or unknown.
        """
        operation = self._operations.get(action)
        if operation is None:
            raise SqsError("InvalidAction", f"The action {action} is not valid for this endpoint.")
        return json.dumps(operation(call)).encode()

    def _create(self, call: Call) -> dict[str, Any]:
        return {"QueueUrl": self._queues.create(call["QueueName"], call.get("Attributes") or {}).url}

    def _url(self, call: Call) -> dict[str, Any]:
        return {"QueueUrl": self._queues.find(call["QueueName"]).url}

    def _describe(self, call: Call) -> dict[str, Any]:
        names = call.get("AttributeNames") or ()
        every = self._queues.describe(self._queues.find(call["QueueUrl"]))
        chosen = every if "All" in names else {name: every[name] for name in names if name in every}
        return {"Attributes": chosen} if chosen else {}

    def _change(self, call: Call) -> dict[str, Any]:
        self._queues.change(self._queues.find(call["QueueUrl"]), call["Attributes"])
        return {}

    def _remove(self, call: Call) -> dict[str, Any]:
        self._queues.remove(self._queues.find(call["QueueUrl"]))
        return {}

    def _purge(self, call: Call) -> dict[str, Any]:
        self._queues.find(call["QueueUrl"]).purge()
        return {}

    def _list(self, call: Call) -> dict[str, Any]:
        prefix = call.get("QueueNamePrefix") or ""
        urls = [self._queues[name].url for name in self._queues.names() if name.startswith(prefix)]
        return {"QueueUrls": urls} if urls else {}
