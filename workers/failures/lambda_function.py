"""Run the failures worker as a Lambda, under the event-source mappings of the dead-letter queues."""

from shared.aws.run_lambda import build_lambda_handler
from workers.failures.wiring import open_worker

handler = build_lambda_handler(open_worker)
