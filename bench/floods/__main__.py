"""Measures whether others notice a flood: `python -m bench.floods`.

Real ingress code and the real pools, once over the fast SQS of the tests and tables in memory that answer after 4 ms,
with 1000 frames a second, and once over the emulator, with three tenths of what it can carry of each kind. Visitors of
other businesses, and for floods of one session or address of the same one, too, ask the assistant, ask for times and
book. Before a flood they are measured beside a sender of as many frames that are all refused from memory.

Examples:
  python -m bench.floods                                     both worlds, all rows, in a quarter of an hour
  python -m bench.floods --world fast --crowds session       the floods of one session
  python -m bench.floods --world fast --kinds chats --settings POOL_TENANT_SHARE=1    without one guard
"""

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from bench.floods.harness import Harness, Plan
from bench.floods.report import format_table
from bench.floods.world import Kind, open_world

WORLDS: tuple[Kind, ...] = ("fast", "emulator")


async def run_world(kind: Kind, options: argparse.Namespace) -> Harness:
    """Run the floods of one world."""
    settings = dict(pair.split("=", 1) for pair in options.settings)
    plan = Plan(per_second=options.per_second, crowds=options.crowds, kinds=options.kinds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(options.folder) / kind if options.folder else Path(folder)
        async with open_world(kind, path, settings) as world:
            harness = Harness(world, plan)
            await harness.run()
            return harness


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(
        prog="bench.floods", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--world", choices=WORLDS, help="only one of the two worlds")
    parser.add_argument("--per-second", type=float, default=1000, help="frames of a flood in the fast world (1000)")
    parser.add_argument("--crowds", default="", help="only crowds whose name contains this, such as session")
    parser.add_argument("--kinds", default="", help="only floods of this kind, such as chats")
    parser.add_argument("--settings", nargs="*", default=[], metavar="NAME=VALUE", help="of ingress and pools")
    parser.add_argument("--folder", help="where logs are kept")
    options = parser.parse_args()
    environment = dict(os.environ)
    for kind in (options.world,) if options.world else WORLDS:
        began = time.monotonic()
        harness = asyncio.run(run_world(kind, options))
        os.environ.clear()
        os.environ.update(environment)
        print(f"\n{kind}: before; during; after, p50, p95 in milliseconds. {time.monotonic() - began:.0f} s\n")
        print(format_table(harness.rows), flush=True)


if __name__ == "__main__":
    main()
