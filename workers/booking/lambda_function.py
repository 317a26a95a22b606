"""Runs the booking worker as a Lambda function, under an event-source mapping."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from shared.aws.run_lambda import build_lambda_handler

if TYPE_CHECKING:
    from shared.consumer.worker import Worker


def _open_worker() -> "AbstractAsyncContextManager[Worker]":
    from workers.booking.wiring import open_worker  # noqa: PLC0415 - an import that fails is a start that fails

    return open_worker()


handler = build_lambda_handler(_open_worker, component="booking")
