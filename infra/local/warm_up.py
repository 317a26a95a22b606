"""Calls the functions once, so that the first visitor does not wait while they load."""

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_NOBODY = {"tenant": "warm-up", "session_id": "warm-up", "locale": "en", "resume": "new"}
_PATIENCE_SECONDS = 15.0


def warm_up(lambda_client: Any, outputs: Mapping[str, str]) -> Callable[[], None]:
    """Ask the authorizer about a tenant that is not there, tell the ingress that nobody left, and return at once.

    What is returned waits until both have answered. Asynchronous invocations would be simpler, but the emulator
    loads a function for them separately.
    """
    calls = {
        outputs["AuthorizerName"]: {
            "methodArn": "warm-up",
            "queryStringParameters": {"tenant": _NOBODY["tenant"]},
            "headers": {},
        },
        outputs["IngressName"]: {
            "requestContext": {"eventType": "DISCONNECT", "connectionId": "warm-up", "authorizer": _NOBODY}
        },
    }
    # Daemons: an emulator that is being stopped never answers.
    threads = [
        threading.Thread(target=_call, args=(lambda_client, name, event), daemon=True) for name, event in calls.items()
    ]
    for thread in threads:
        thread.start()

    def wait() -> None:
        for thread in threads:
            thread.join(_PATIENCE_SECONDS)

    return wait


def _call(lambda_client: Any, name: str, event: Mapping[str, Any]) -> None:
    # One that fails costs the first visitor a second, nothing more.
    with contextlib.suppress(BotoCoreError, ClientError):
        lambda_client.invoke(FunctionName=name, Payload=json.dumps(event))
