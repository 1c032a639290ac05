# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Prints how many bytes of resident memory a sleeping task takes, now and at the peak, of as many as the argument says."""

import asyncio
import gc
import json
import re
import sys

import loops


def resident(field):
    with open("/proc/self/status") as file:
        return int(re.search(rf"{field}:\s+(\d+)", file.read())[1]) * 1024


async def main(count):
    async def suspended():
        await asyncio.sleep(3600)

    gc.collect()
    before = resident("VmRSS")
    tasks = [asyncio.create_task(suspended()) for _ in range(count)]
    await asyncio.sleep(0.1)
    gc.collect()
    now = (resident("VmRSS") - before) / count
    print(json.dumps({"now": now, "peak": (resident("VmHWM") - before) / count}))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


loops.run(main(int(sys.argv[1])))
