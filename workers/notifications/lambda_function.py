"""Run the notifications worker as a Lambda, under event-source mappings."""

from shared.aws.run_lambda import build_lambda_handler
from workers.notifications.wiring import open_worker

handler = build_lambda_handler(open_worker)
