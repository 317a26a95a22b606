"""Writes `docs/cost.md`: `python -m infra.cost`, or `make cost`."""

import argparse
import sys
from collections.abc import Sequence

from infra.cost.calls import read_calls
from infra.cost.conversation_costs import measure_cases, read_cases, write_cases
from infra.cost.page import FILE, render_page
from infra.cost.prices import read_prices

EPILOG = """\
examples:
  make cost                        write docs/cost.md
  make cost ARGS=--conversations   compute first what the typical conversations cost
  python -m infra.cost --print     print the page, and write nothing
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write or print the page."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.cost",
        description="Compute what the system costs on AWS, from counted calls and the price list.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--print", action="store_true", help="print the page instead of writing docs/cost.md")
    parser.add_argument(
        "--conversations", action="store_true", help="write infra/cost/conversation_costs.json first; some seconds"
    )
    arguments = parser.parse_args(argv)
    if arguments.conversations:
        write_cases(measure_cases())
    page = render_page(read_calls(), read_prices(), read_cases())
    if arguments.print:
        print(page, end="")
    else:
        FILE.write_text(page, encoding="utf-8")
        print("docs/cost.md is up to date.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
