"""Runs MiniStack with one difference: `python -m infra.local.queueing_emulator`.

For each invocation that finds no idle process of its function, MiniStack starts another one, at more than a second of
processor time. Twenty visitors who connect at once would start twenty authorizers and wait half a minute on a
small machine. Here an authorizer's second invocation waits for the first, which takes milliseconds. The other
functions are unchanged.
"""

import time
from collections.abc import Callable
from typing import Any

from ministack.app import main
from ministack.services import lambda_svc

TIMEOUT_SECONDS = 25.0
_POLL_SECONDS = 0.002

Acquire = Callable[..., tuple[Any, str]]


def queue_authorizers(acquire: Acquire) -> Acquire:
    """Return an `acquire_worker` with which an authorizer has one process, and its invocations wait in turn."""

    def acquire_worker(name: str, *arguments: Any, **options: Any) -> tuple[Any, str]:
        if not name.endswith("-authorizer"):
            return acquire(name, *arguments, **options)
        end = time.monotonic() + TIMEOUT_SECONDS
        while True:
            worker, reason = acquire(name, *arguments, **{**options, "max_concurrency": 1})
            if worker is not None or time.monotonic() > end:
                return worker, reason
            time.sleep(_POLL_SECONDS)

    return acquire_worker


if __name__ == "__main__":
    lambda_svc.acquire_worker = queue_authorizers(lambda_svc.acquire_worker)
    main()
