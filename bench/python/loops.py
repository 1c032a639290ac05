# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Runs programs on the event loop that the environment names: asyncio's own, or uvloop's."""

import asyncio
import os
import sys
import time

REPETITIONS = 3  # As on the other side, the least time of a round counts.


def run(main):
    if os.environ.get("ASYNCIO_BENCH_LOOP") == "uvloop":
        import uvloop

        # Not uvloop.run(), which 0.17 does not have
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)
    return asyncio.run(main)


def serve(cases):
    """Reads names of cases, which are functions and how many operations they do; prints nanoseconds an operation."""
    for line in sys.stdin:
        print(run(_measure(*cases[line.strip()])), flush=True)


async def _measure(operations, body):
    least = float("inf")
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        await body()
        least = min(least, time.perf_counter() - start)
    return least * 1e9 / operations
