"""Run the notifications worker as pools, one per queue: `python -m workers.notifications`."""

from shared.garbage import pause_garbage_collection

if __name__ == "__main__":
    with pause_garbage_collection():
        from shared.aws.run_pool import run_pool
        from workers.notifications.wiring import open_worker

    run_pool(open_worker)
