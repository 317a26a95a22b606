"""What every runner is told: which queue, how many messages; needs nothing but Python."""

import argparse

REGION = "eu-central-1"
KEY = "bench"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser for the arguments that all runners share."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--queue", required=True, metavar="URL", help="the queue to empty, on our own broker")
    made.add_argument("--messages", type=int, required=True, metavar="N", help="how many messages are on it")
    return made
