"""`python -m workers.failures`: the pools that empty the dead-letter queues."""

from shared.aws.run_pool import run_pool
from workers.failures.wiring import open_worker

if __name__ == "__main__":
    run_pool(open_worker)
