# Copyright 2026 the asyncio for Deno authors. MIT license.
"""The cases of bench/tasks.ts: reads their names, prints nanoseconds per operation."""

import asyncio

import loops

TURNS = 50_000
MANY = 100
SPAWNED = 10_000
CHILDREN = 1_000
TIMES = 10
AT_A_TIME = 10
LIMITED = 10_000
SUSPENDED = 10_000
CALLBACKS = 50_000


async def nothing():
    pass


async def spawn():
    for _ in range(SPAWNED):
        await asyncio.create_task(nothing())


async def group():
    for _ in range(TIMES):
        async with asyncio.TaskGroup() as tg:
            for _ in range(CHILDREN):
                tg.create_task(nothing())


async def gather():
    for _ in range(TIMES):
        await asyncio.gather(*[nothing() for _ in range(CHILDREN)])


async def turns(times=TURNS):
    for _ in range(times):
        await asyncio.sleep(0)


async def turns_of_many():
    await asyncio.gather(*[turns(TURNS // MANY) for _ in range(MANY)])


async def limit_jobs():
    semaphore = asyncio.Semaphore(AT_A_TIME)

    async def job():
        async with semaphore:
            await asyncio.sleep(0)

    for _ in range(TIMES):
        await asyncio.gather(*[job() for _ in range(CHILDREN)])


async def limit_time():
    for _ in range(LIMITED):
        async with asyncio.timeout(60):
            await asyncio.sleep(0)


async def wait_for():
    for _ in range(LIMITED):
        await asyncio.wait_for(asyncio.sleep(0), 60)


async def cancel():
    async def suspended():
        await asyncio.sleep(3600)

    tasks = [asyncio.create_task(suspended()) for _ in range(SUSPENDED)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def call_soon():
    loop = asyncio.get_running_loop()

    def callback():
        pass

    for _ in range(CALLBACKS):
        loop.call_soon(callback)
    await asyncio.sleep(0)


async def await_done():
    future = asyncio.get_running_loop().create_future()
    future.set_result(1)
    for _ in range(TURNS):
        await future


loops.serve({
    "spawn and await a task": (SPAWNED, spawn),
    "task group, a child": (TIMES * CHILDREN, group),
    "gather, a child": (TIMES * CHILDREN, gather),
    "sleep(0), one task": (TURNS, turns),
    "sleep(0), a hundred tasks": (TURNS, turns_of_many),
    "1,000 jobs, 10 at a time, a job": (TIMES * CHILDREN, limit_jobs),
    "time limit round sleep(0)": (LIMITED, limit_time),
    "waitFor() of sleep(0)": (LIMITED, wait_for),
    "cancel 10,000 tasks, a task": (SUSPENDED, cancel),
    "callSoon() from a task": (CALLBACKS, call_soon),
    "await a future that is done": (TURNS, await_done),
})
