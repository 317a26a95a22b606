"""The same handler under a Lambda event-source mapping."""

from shared.aws.run_lambda import lambda_handler
from workers.chat.wiring import worker

handler = lambda_handler(worker)
