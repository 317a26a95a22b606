"""Run the chat worker as a Lambda, under an event-source mapping."""

from shared.aws.run_lambda import build_lambda_handler
from workers.chat.wiring import open_worker

handler = build_lambda_handler(open_worker)
