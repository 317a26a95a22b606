"""Runs the same handler under a Lambda event-source mapping."""

from shared.aws.run_lambda import lambda_handler
from workers.booking.wiring import open_worker

handler = lambda_handler(open_worker)
