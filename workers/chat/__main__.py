"""Run the chat worker as a pool: `python -m workers.chat`."""

from shared.aws.run_pool import run_pool
from workers.chat.wiring import open_worker

if __name__ == "__main__":
    run_pool(open_worker)
