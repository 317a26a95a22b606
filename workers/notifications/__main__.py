"""`python -m workers.notifications`: the pool that tells people."""

from shared.aws.run_pool import run_pool
from workers.notifications.wiring import open_worker

if __name__ == "__main__":
    run_pool(open_worker)
