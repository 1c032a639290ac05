# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Prints how many bytes a sleeping task takes, of as many as the argument says."""

import asyncio
import gc
import sys

import loops


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


async def main(count):
    async def suspended():
        await asyncio.sleep(3600)

    gc.collect()
    before = resident()
    tasks = [asyncio.create_task(suspended()) for _ in range(count)]
    await asyncio.sleep(0.1)
    gc.collect()
    print((resident() - before) / count)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


loops.run(main(int(sys.argv[1])))
