# Copyright 2026 the asyncio for Deno authors. MIT license.
"""The cases of bench/primitives.ts: reads their names, prints nanoseconds per operation."""

import asyncio

import loops

OPERATIONS = 20_000
WAITERS = 1_000
PARTIES = 10


async def take_turns(lock):
    async def work():
        for _ in range(OPERATIONS // 2):
            await lock.acquire()
            lock.release()

    await lock.acquire()
    tasks = [asyncio.create_task(work()) for _ in range(2)]
    await asyncio.sleep(0)
    lock.release()
    await asyncio.gather(*tasks)


async def put_and_get(queue):
    for i in range(OPERATIONS):
        await queue.put(i)
        await queue.get()


async def queue_of_one():
    queue = asyncio.Queue(1)

    async def consume():
        for _ in range(OPERATIONS):
            await queue.get()

    consumer = asyncio.create_task(consume())
    for i in range(OPERATIONS):
        await queue.put(i)
    await consumer


async def unbounded_queue():
    there, back = asyncio.Queue(), asyncio.Queue()

    async def answer():
        for _ in range(OPERATIONS // 2):
            await back.put(await there.get())

    other = asyncio.create_task(answer())
    for i in range(OPERATIONS // 2):
        await there.put(i)
        await back.get()
    await other


async def priority_queue():
    queue = asyncio.PriorityQueue()
    for i in range(100):
        queue.put_nowait(i * 37 % 100)
    await put_and_get(queue)


async def free_lock():
    lock = asyncio.Lock()
    for _ in range(OPERATIONS):
        await lock.acquire()
        lock.release()


async def event():
    there, back = asyncio.Event(), asyncio.Event()

    async def answer():
        for _ in range(OPERATIONS // 2):
            await there.wait()
            there.clear()
            back.set()

    other = asyncio.create_task(answer())
    for _ in range(OPERATIONS // 2):
        there.set()
        await back.wait()
        back.clear()
    await other


async def event_for_many():
    events = [asyncio.Event() for _ in range(OPERATIONS // WAITERS)]

    async def work():
        for event in events:
            await event.wait()

    tasks = [asyncio.create_task(work()) for _ in range(WAITERS)]
    for event in events:
        await asyncio.sleep(0)
        event.set()
    await asyncio.gather(*tasks)


async def condition():
    condition = asyncio.Condition()
    turn = 0

    async def work(mine):
        nonlocal turn
        for _ in range(OPERATIONS // 2):
            async with condition:
                await condition.wait_for(lambda: turn == mine)
                turn = 1 - mine
                condition.notify()

    await asyncio.gather(work(0), work(1))


async def barrier():
    barrier = asyncio.Barrier(PARTIES)

    async def work():
        for _ in range(OPERATIONS // PARTIES):
            await barrier.wait()

    await asyncio.gather(*[work() for _ in range(PARTIES)])


CASES = {
    "queue of one, an item": queue_of_one,
    "unbounded queue, hand-over": unbounded_queue,
    "lock, hand-over": lambda: take_turns(asyncio.Lock()),
    "semaphore, hand-over": lambda: take_turns(asyncio.Semaphore(1)),
    "event, hand-over": event,
    "event for 1,000 tasks, a task": event_for_many,
    "condition, hand-over": condition,
    "barrier for 10 tasks, a task": barrier,
    "queue, put and get": lambda: put_and_get(asyncio.Queue()),
    "priority queue of 100, put and get": priority_queue,
    "lock, acquire and release": free_lock,
}

loops.serve({name: (OPERATIONS, body) for name, body in CASES.items()})
