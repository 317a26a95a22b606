"""Run the notifications worker as pools, one per queue: `python -m workers.notifications`."""

from shared.aws.run_pool import run_pool
from workers.notifications.wiring import open_worker

if __name__ == "__main__":
    run_pool(open_worker)
