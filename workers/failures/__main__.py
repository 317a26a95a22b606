"""Run the failures worker as pools, one per dead-letter queue: `python -m workers.failures`."""

from shared.garbage import pause_garbage_collection

if __name__ == "__main__":
    with pause_garbage_collection():
        from shared.aws.run_pool import run_pool
        from workers.failures.wiring import open_worker

    run_pool(open_worker)
