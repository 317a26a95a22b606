"""`python -m workers.booking`: the pool that books."""

from shared.aws.worker import run_pool
from workers.booking.wiring import worker

if __name__ == "__main__":
    run_pool(worker)
