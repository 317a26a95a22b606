"""Runs the same handler under a Lambda event-source mapping."""

from shared.aws.run_lambda import build_lambda_handler
from workers.booking.wiring import open_worker

handler = build_lambda_handler(open_worker)
