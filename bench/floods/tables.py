"""Serves the tables in memory from a process of its own: `python -m bench.floods.tables --latency-ms 4`."""

import argparse
import asyncio

import uvloop

from bench.chat.services import TablesStub, serve


async def serve_tables(latency_ms: float) -> None:
    """Serve until this process is stopped."""
    async with serve(TablesStub(latency_ms=latency_ms).handle) as url:
        print(f"ready {url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=4)
    uvloop.run(serve_tables(parser.parse_args().latency_ms))


if __name__ == "__main__":
    main()
