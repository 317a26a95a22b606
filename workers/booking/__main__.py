"""`python -m workers.booking`: runs the pool of the booking worker."""

from shared.garbage import pause_garbage_collection

if __name__ == "__main__":
    with pause_garbage_collection():
        from shared.aws.run_pool import run_pool
        from workers.booking.wiring import open_worker

    run_pool(open_worker)
