"""Prints which floods others notice, or pay for, without each guard: `make bench-guards`."""

import logging
from collections.abc import Collection, Mapping, Sequence

import structlog

from bench.floods.simulation.course import simulate
from bench.floods.simulation.guards import Guard
from bench.floods.simulation.rows import ROWS


def find_failing_rows(off: Collection[Guard]) -> Mapping[str, Sequence[str]]:
    """Return the floods that others notice without these guards, each with what they notice or pay."""
    return {row.name: failures for row in ROWS if (failures := simulate(row, off))}


def main() -> None:
    """Print the table as Markdown."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print("| without | floods that others notice or pay for | how |\n| --- | --- | --- |")
    for off in (None, *Guard):
        failing = find_failing_rows([off] if off else [])
        how = "<br>".join(f"{row}: {'; '.join(failures)}" for row, failures in failing.items())
        print(f"| {off or 'nothing'} | {', '.join(failing) or 'none'} | {how} |", flush=True)


if __name__ == "__main__":
    main()
