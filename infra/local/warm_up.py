"""Invokes the functions once, so that the first visitor does not wait until they are loaded."""

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_CONTEXT = {"tenant": "warm-up", "session_id": "warm-up", "locale": "en", "resume": "new"}
_TIMEOUT_SECONDS = 15.0


def start_warm_up(lambda_client: Any, outputs: Mapping[str, str]) -> Callable[[], None]:
    """Invoke the authorizer with an unknown tenant and the ingress with an unknown connection, and return at once.

    The returned function waits until both have answered. Asynchronous invocations would be simpler, but the emulator
    loads a function for them separately.
    """
    calls = {
        outputs["AuthorizerName"]: {
            "methodArn": "warm-up",
            "queryStringParameters": {"tenant": _CONTEXT["tenant"]},
            "headers": {},
        },
        outputs["IngressName"]: {
            "requestContext": {"eventType": "DISCONNECT", "connectionId": "warm-up", "authorizer": _CONTEXT}
        },
    }
    # Daemon threads: an emulator that is being stopped never answers.
    threads = [
        threading.Thread(target=_invoke_function, args=(lambda_client, name, event), daemon=True)
        for name, event in calls.items()
    ]
    for thread in threads:
        thread.start()

    def wait() -> None:
        for thread in threads:
            thread.join(_TIMEOUT_SECONDS)

    return wait


def _invoke_function(lambda_client: Any, name: str, event: Mapping[str, Any]) -> None:
    # After a failure the first visitor waits a second longer, nothing else.
    with contextlib.suppress(BotoCoreError, ClientError):
        lambda_client.invoke(FunctionName=name, Payload=json.dumps(event))
