# Copyright 2026 the asyncio for Deno authors. MIT license.
"""The cases of bench/executors.ts: reads their names, prints nanoseconds per operation."""

import asyncio
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

TRIPS = 1000
JOBS = 4
# Python is slower at this: what counts is how much is won by doing it side by side.
SIZE = 1_000_000


def increment(n):
    return n + 1


def sum_of_remainders(below):
    total = 0
    for n in range(below):
        total += n % 7
    return total


async def trips(pool):
    loop = asyncio.get_running_loop()
    for n in range(TRIPS):
        await loop.run_in_executor(pool, increment, n)
    return TRIPS


async def in_turn(pool):
    loop = asyncio.get_running_loop()
    for _ in range(JOBS):
        await loop.run_in_executor(pool, sum_of_remainders, SIZE)
    return JOBS


async def side_by_side(pool):
    loop = asyncio.get_running_loop()
    await asyncio.gather(
        *[loop.run_in_executor(pool, sum_of_remainders, SIZE) for _ in range(JOBS)]
    )
    return JOBS


async def measure(case, pool):
    start = time.perf_counter()
    operations = await case(pool)
    return (time.perf_counter() - start) * 1e9 / operations


def main():
    with (
        ThreadPoolExecutor(1) as thread,
        ProcessPoolExecutor(1) as process,
        ProcessPoolExecutor(os.cpu_count()) as processes,
    ):
        cases = {
            "asyncio, a thread": (trips, thread),
            "asyncio, a process": (trips, process),
            "asyncio, in turn": (in_turn, processes),
            "asyncio, side by side": (side_by_side, processes),
        }
        for line in sys.stdin:
            case, pool = cases[line.strip()]
            print(asyncio.run(measure(case, pool)), flush=True)


if __name__ == "__main__":
    main()
