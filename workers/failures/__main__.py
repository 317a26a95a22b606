"""Run the failures worker as pools, one per dead-letter queue: `python -m workers.failures`."""

from shared.aws.run_pool import run_pool
from workers.failures.wiring import open_worker

if __name__ == "__main__":
    run_pool(open_worker)
