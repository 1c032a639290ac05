# Copyright 2026 the asyncio for Deno authors. MIT license.
"""The cases of bench/tasks.ts: reads their names, prints nanoseconds per operation."""

import asyncio
import sys
import time

import loops

REPETITIONS = 3  # As on the other side, the least time of a round counts.
SWITCHES = 50_000
SPAWNED = 10_000
SUSPENDED = 10_000
CHILDREN = 1_000
LIMITED = 20_000
CALLBACKS = 50_000


async def nothing():
    pass


async def switch():
    async def loop():
        for _ in range(SWITCHES):
            await asyncio.sleep(0)

    other = asyncio.create_task(loop())
    await loop()
    await other
    return 2 * SWITCHES


async def spawn():
    for _ in range(SPAWNED):
        await asyncio.create_task(nothing())
    return SPAWNED


async def cancel():
    async def suspended():
        await asyncio.sleep(3600)

    tasks = [asyncio.create_task(suspended()) for _ in range(SUSPENDED)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return SUSPENDED


async def gather():
    for _ in range(20):
        await asyncio.gather(*[nothing() for _ in range(CHILDREN)])
    return 20 * CHILDREN


async def group():
    for _ in range(20):
        async with asyncio.TaskGroup() as tg:
            for _ in range(CHILDREN):
                tg.create_task(nothing())
    return 20 * CHILDREN


async def limit():
    for _ in range(LIMITED):
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
    return LIMITED


async def call_soon():
    loop = asyncio.get_running_loop()

    def callback():
        pass

    for _ in range(CALLBACKS):
        loop.call_soon(callback)
    await asyncio.sleep(0)
    return CALLBACKS


CASES = {
    "switch between two tasks": switch,
    "spawn and await a task": spawn,
    "create and cancel suspended tasks": cancel,
    "gather, a child": gather,
    "task group, a child": group,
    "time limit round a switch": limit,
    "callSoon": call_soon,
}


async def measure(case):
    least = float("inf")
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        operations = await case()
        least = min(least, (time.perf_counter() - start) * 1e9 / operations)
    return least


for line in sys.stdin:
    print(loops.run(measure(CASES[line.strip()])), flush=True)
