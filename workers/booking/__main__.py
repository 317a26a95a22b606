"""`python -m workers.booking`: runs the pool of the booking worker."""

from shared.aws.run_pool import run_pool
from workers.booking.wiring import open_worker

if __name__ == "__main__":
    run_pool(open_worker)
