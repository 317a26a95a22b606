"""The command-line arguments that all runners share; needs only the standard library."""

import argparse

REGION = "eu-central-1"
KEY = "bench"


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser for the arguments that all runners share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--queue", required=True, metavar="URL", help="the queue to empty, on our own broker")
    parser.add_argument("--messages", type=int, required=True, metavar="N", help="how many messages are on it")
    return parser
