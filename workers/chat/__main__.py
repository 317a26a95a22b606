"""Run the chat worker as a pool: `python -m workers.chat`."""

from shared.garbage import pause_garbage_collection

if __name__ == "__main__":
    with pause_garbage_collection():
        from shared.aws.run_pool import run_pool
        from workers.chat.wiring import open_worker

    run_pool(open_worker)
