# Copyright 2026 the asyncio for Deno authors. MIT license.
"""The cases of bench/subprocess.ts: reads their names, prints nanoseconds per operation."""

import asyncio
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE

import loops

PROCESSES = 48
AT_ONCE = 16
BLOCK = bytes(64 * 1024)
BLOCKS = 256 * 16
LINES = 500_000


async def collect(*command):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    stdout, _ = await process.communicate()
    return len(stdout)


async def one_by_one():
    for _ in range(PROCESSES):
        await collect("true")
    return PROCESSES


async def at_once():
    left = iter(range(PROCESSES))

    async def worker():
        for _ in left:
            await collect("echo", "hello")

    await asyncio.gather(*[worker() for _ in range(AT_ONCE)])
    return PROCESSES


async def read_all(stdout):
    count = 0
    while data := await stdout.read(len(BLOCK)):
        count += len(data)
    assert count == BLOCKS * len(BLOCK)


async def write_all(stdin):
    for _ in range(BLOCKS):
        stdin.write(BLOCK)
        await stdin.drain()
    stdin.close()


async def out():
    process = await asyncio.create_subprocess_exec(
        "head", "-c", str(BLOCKS * len(BLOCK)), "/dev/zero", stdout=PIPE
    )
    await read_all(process.stdout)
    await process.wait()
    return BLOCKS


async def lines():
    process = await asyncio.create_subprocess_shell(
        f"yes 'a line of some length' | head -n {LINES}", stdout=PIPE
    )
    count = 0
    async for _ in process.stdout:
        count += 1
    assert count == LINES
    await process.wait()
    return LINES


async def into():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=DEVNULL)
    await write_all(process.stdin)
    await process.wait()
    return BLOCKS


async def both():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    await asyncio.gather(write_all(process.stdin), read_all(process.stdout))
    await process.wait()
    return BLOCKS


async def communicate():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    data = bytes(BLOCKS * len(BLOCK))
    stdout, _ = await process.communicate(data)
    assert len(stdout) == len(data)
    return BLOCKS


CASES = {
    "true, one after another": one_by_one,
    "echo, 16 at a time": at_once,
    "out of head, 64 KiB": out,
    "out of yes, a line": lines,
    "into cat, 64 KiB": into,
    "through cat, 64 KiB": both,
    "communicate() with cat, 64 KiB": communicate,
}


async def measure(case):
    start = time.perf_counter()
    operations = await case()
    return (time.perf_counter() - start) * 1e9 / operations


for line in sys.stdin:
    print(loops.run(measure(CASES[line.strip()])), flush=True)
