# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Runs the programs of `program.ts` with asyncio.

Reads one program a line and writes one trace a line, all as JSON.
"""

import asyncio
import json
import sys

from ordered_group import new_group
from virtual_loop import VirtualLoop

ROUNDS = 60
HORIZON = 500


class Boom(Exception):
    pass


def describe(error):
    if isinstance(error, BaseExceptionGroup):
        return "ExceptionGroup[%s]" % ", ".join(map(describe, error.exceptions))
    name = type(error).__name__
    if isinstance(error, (Boom, asyncio.CancelledError)):
        return "%s(%s)" % (name, error)
    return name


def describe_result(value):
    if isinstance(value, asyncio.CancelledError):
        return "CancelledError"
    return describe(value) if isinstance(value, BaseException) else str(value)


def describe_bool(value):
    return "true" if value else "false"


def cancel(future, message):
    return future.cancel() if message is None else future.cancel(message)


class Frame:
    """What surrounds a statement in its task."""

    def __init__(self, group=None, scope=None, conditions=frozenset()):
        self.group = group
        self.scope = scope
        self.conditions = conditions


class Interpreter:
    def __init__(self, program, loop):
        self.loop = loop
        self.tasks_code = program["tasks"]
        self.timers = 0
        self.trace = []
        self.made = []
        self.latest = {}
        self.futures = [loop.create_future() for _ in range(program["futures"])]
        self.locks = [asyncio.Lock() for _ in range(program["locks"])]
        self.semaphores = [
            asyncio.BoundedSemaphore(value) if i % 2 else asyncio.Semaphore(value)
            for i, value in enumerate(program["semaphores"])
        ]
        self.events = [asyncio.Event() for _ in range(program["events"])]
        self.conditions = [
            asyncio.Condition(self.locks[0] if program["sharedLock"] else None)
            for _ in range(program["conditions"])
        ]
        self.barriers = [asyncio.Barrier(n) for n in program["barriers"]] if hasattr(asyncio, "Barrier") else []
        kinds = {"fifo": asyncio.Queue, "lifo": asyncio.LifoQueue, "priority": asyncio.PriorityQueue}
        self.queues = [kinds[q["kind"]](q["maxSize"]) for q in program["queues"]]
        self.handles = [None] * program["handles"]
        self.gathers = [None] * program["gathers"]

    def log(self, text):
        task = asyncio.current_task(self.loop)
        name = "-" if task is None else task.get_name()
        self.trace.append("%d %s %s" % (self.loop.time(), name, text))

    def delay(self, units):
        """No two timers are due at the same time, since asyncio keeps no order among such."""
        if units <= 0:
            return units
        odd = 2 * self.timers + 1
        self.timers += 1
        return units + odd**5 % 2**32 / 2**36

    def new_name(self, number):
        name = "T%d" % number
        count = sum(1 for made in self.made if made == name or made.startswith(name + "."))
        if count:
            name += ".%d" % count
        self.made.append(name)
        return name

    def keep(self, number, task):
        self.latest[number] = task
        return task

    def spawn(self, number, group=None):
        name = self.new_name(number)
        coro = self.run_task(number, name)
        try:
            task = (group or self.loop).create_task(coro, name=name)
        except RuntimeError:
            coro.close()
            raise
        return self.keep(number, task)

    async def run_task(self, number, name):
        task = asyncio.current_task()
        task.set_name(name)
        self.keep(number, task)
        self.log("starts")
        try:
            await self.run(self.tasks_code[number], Frame())
        except BaseException as error:
            self.log("ends with " + describe(error))
            raise
        self.log("ends")
        return name

    async def run(self, block, frame):
        for statement in block:
            await self.step(statement, frame)

    async def nest(self, depth, block, frame):
        if depth == 0:
            await self.run(block, frame)
        else:
            await self.nest(depth - 1, block, frame)

    def run_now(self, block):
        for statement in block:
            self.step_now(statement, Frame())

    def on_done(self, label, future, block):
        def callback(done):
            if done.cancelled():
                outcome = "cancelled"
            elif done.exception() is not None:
                outcome = describe(done.exception())
            else:
                outcome = str(done.result())
            self.log("%s is done: %s" % (label, outcome))
            self.run_now(block)

        future.add_done_callback(callback)

    def step_now(self, s, frame):
        """Does a statement that awaits nothing; returns whether it was one."""
        op = s["op"]
        method = getattr(self, "now_" + op, None)
        if method is None:
            return False
        try:
            result = method(s, frame)
        except Boom:
            raise
        except Exception as error:
            self.log("%s fails: %s" % (op, describe(error)))
            return True
        self.log(op if result is None else "%s: %s" % (op, result))
        return True

    def now_log(self, s, frame):
        return s["text"]

    def now_raise(self, s, frame):
        self.log("raises")
        raise Boom(s["message"])

    def now_raiseCancelled(self, s, frame):
        self.log("raises")
        raise asyncio.CancelledError(s["message"])

    def now_setResult(self, s, frame):
        self.futures[s["future"]].set_result(s["value"])

    def now_setException(self, s, frame):
        self.futures[s["future"]].set_exception(Boom(s["message"]))

    def now_setCancelledError(self, s, frame):
        self.futures[s["future"]].set_exception(asyncio.CancelledError(s["message"]))

    def now_cancelFuture(self, s, frame):
        return describe_bool(cancel(self.futures[s["future"]], s["message"]))

    def now_cancelTask(self, s, frame):
        task = self.latest.get(s["task"])
        if task is None:
            return "no such task"
        return describe_bool(cancel(task, s["message"])) + " %d" % task.cancelling()

    def now_cancelSelf(self, s, frame):
        task = asyncio.current_task(self.loop)
        return "no task" if task is None else describe_bool(cancel(task, s["message"]))

    def now_cancelGather(self, s, frame):
        gather = self.gathers[s["gather"]]
        return "no gather" if gather is None else describe_bool(cancel(gather, s["message"]))

    def now_cancelling(self, s, frame):
        task = asyncio.current_task(self.loop)
        return "no task" if task is None else str(task.cancelling())

    def now_uncancel(self, s, frame):
        task = asyncio.current_task(self.loop)
        return "no task" if task is None else str(task.uncancel())

    def now_spawn(self, s, frame):
        return self.spawn(s["task"]).get_name()

    def now_spawnInGroup(self, s, frame):
        if frame.group is None:
            return "no group"
        return self.spawn(s["task"], frame.group).get_name()

    def now_callSoon(self, s, frame):
        self.handles[s["handle"]] = self.loop.call_soon(self.run_now, s["body"])

    def now_callLater(self, s, frame):
        self.handles[s["handle"]] = self.loop.call_later(self.delay(s["delay"]), self.run_now, s["body"])

    def now_cancelHandle(self, s, frame):
        handle = self.handles[s["handle"]]
        if handle is None:
            return "no handle"
        handle.cancel()

    def now_onFutureDone(self, s, frame):
        self.on_done("future", self.futures[s["future"]], s["body"])

    def now_onTaskDone(self, s, frame):
        task = self.latest.get(s["task"])
        if task is None:
            return "no such task"
        self.on_done("task", task, s["body"])

    def now_release(self, s, frame):
        self.locks[s["lock"]].release()

    def now_releaseSemaphore(self, s, frame):
        self.semaphores[s["semaphore"]].release()

    def now_set(self, s, frame):
        self.events[s["event"]].set()

    def now_clear(self, s, frame):
        self.events[s["event"]].clear()

    def now_notify(self, s, frame):
        self.conditions[s["condition"]].notify(s["count"])

    def now_putNowait(self, s, frame):
        self.queues[s["queue"]].put_nowait(s["value"])

    def now_getNowait(self, s, frame):
        return str(self.queues[s["queue"]].get_nowait())

    def now_taskDone(self, s, frame):
        self.queues[s["queue"]].task_done()

    def now_shutdown(self, s, frame):
        self.queues[s["queue"]].shutdown(s["immediate"])

    def now_reschedule(self, s, frame):
        if frame.scope is None:
            return "no timeout"
        delay = s["delay"]
        frame.scope.reschedule(None if delay is None else self.loop.time() + self.delay(delay))

    async def step(self, s, frame):
        if self.step_now(s, frame):
            return
        op = s["op"]
        self.log(op + " ...")
        result = await getattr(self, "await_" + op)(s, frame)
        self.log(op + (" done" if result is None else " done: %s" % result))

    async def await_sleep(self, s, frame):
        await asyncio.sleep(self.delay(s["delay"]))

    async def await_spin(self, s, frame):
        for _ in range(s["times"]):
            await asyncio.sleep(0)

    async def await_awaitFuture(self, s, frame):
        return await self.futures[s["future"]]

    async def await_awaitTask(self, s, frame):
        task = self.latest.get(s["task"])
        if task is None:
            return "no such task"
        try:
            return await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            # asyncio hands the message to the first reader only.
            raise asyncio.CancelledError("from a task") from None

    async def await_shield(self, s, frame):
        task = self.latest.get(s["task"])
        if task is None:
            return "no such task"
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise asyncio.CancelledError("from a task") from None

    async def await_wait(self, s, frame):
        tasks = {self.latest[number] for number in s["targets"] if number in self.latest}
        if not tasks:
            return "no such task"
        done, pending = await asyncio.wait(tasks, timeout=self.limit(s["timeout"]), return_when=s["returnWhen"])
        return "%s; %s" % (self.names_of(done), self.names_of(pending))

    async def await_asCompleted(self, s, frame):
        tasks = [self.spawn(child) for child in s["children"]]
        results = []
        try:
            for coro in asyncio.as_completed(tasks, timeout=self.limit(s["timeout"])):
                results.append(await coro)
        except asyncio.CancelledError:
            if not any(task.cancelled() for task in tasks):
                raise
            raise asyncio.CancelledError("from a task") from None
        return " ".join(results)

    async def await_nest(self, s, frame):
        await self.nest(s["depth"], s["body"], frame)

    async def await_repeat(self, s, frame):
        for _ in range(s["times"]):
            await self.run(s["body"], frame)

    async def await_tryCancelled(self, s, frame):
        try:
            await self.run(s["body"], frame)
        except asyncio.CancelledError as error:
            self.log("catches " + describe(error))
            await self.run(s["handler"], frame)
            if s["then"] == "raise":
                raise
            if s["then"] == "replace":
                raise asyncio.CancelledError("replaced")
            if s["then"] == "uncancel":
                return asyncio.current_task().uncancel()

    async def await_tryError(self, s, frame):
        try:
            await self.run(s["body"], frame)
        except Exception as error:
            self.log("catches " + describe(error))
            await self.run(s["handler"], frame)

    async def await_finally(self, s, frame):
        try:
            await self.run(s["body"], frame)
        finally:
            self.log("cleans up")
            await self.run(s["cleanup"], frame)

    async def await_group(self, s, frame):
        async with new_group() as group:
            for child in s["children"]:
                self.spawn(child, group)
            await self.run(s["body"], Frame(group, frame.scope, frame.conditions))

    async def await_gather(self, s, frame):
        if s["started"]:
            children = [self.spawn(child) for child in s["children"]]
        else:
            children = [self.run_task(child, self.new_name(child)) for child in s["children"]]
        futures = [self.futures[future] for future in s["futures"]]
        gather = asyncio.gather(*children, *futures, return_exceptions=s["returnExceptions"])
        self.gathers[s["gather"]] = gather
        try:
            return "[%s]" % ", ".join(map(describe_result, await gather))
        except asyncio.CancelledError:
            # asyncio takes the message from whichever child was last.
            raise asyncio.CancelledError("from a gather") from None

    async def await_waitFor(self, s, frame):
        await asyncio.wait_for(self.run_limited(s["body"], frame), self.limit(s["timeout"]))

    async def run_limited(self, block, frame):
        await self.run(block, frame)

    async def await_waitForFuture(self, s, frame):
        return await asyncio.wait_for(self.futures[s["future"]], self.limit(s["timeout"]))

    async def await_waitForTask(self, s, frame):
        task = self.latest.get(s["task"])
        if task is None:
            return "no such task"
        try:
            return await asyncio.wait_for(task, self.limit(s["timeout"]))
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise asyncio.CancelledError("from a task") from None

    def limit(self, units):
        return None if units is None else self.delay(units)

    async def await_timeout(self, s, frame):
        try:
            async with asyncio.timeout(self.limit(s["delay"])) as scope:
                await self.run(s["body"], Frame(frame.group, scope, frame.conditions))
        finally:
            self.log("expired: " + describe_bool(scope.expired()))

    async def await_acquire(self, s, frame):
        await self.locks[s["lock"]].acquire()

    async def await_withLock(self, s, frame):
        async with self.locks[s["lock"]]:
            await self.run(s["body"], frame)

    async def await_acquireSemaphore(self, s, frame):
        await self.semaphores[s["semaphore"]].acquire()

    async def await_withSemaphore(self, s, frame):
        async with self.semaphores[s["semaphore"]]:
            await self.run(s["body"], frame)

    async def await_waitEvent(self, s, frame):
        await self.events[s["event"]].wait()

    async def await_withCondition(self, s, frame):
        number = s["condition"]
        async with self.conditions[number]:
            await self.run(s["body"], Frame(frame.group, frame.scope, frame.conditions | {number}))

    async def await_waitCondition(self, s, frame):
        if s["condition"] not in frame.conditions:
            return "not held"
        await self.conditions[s["condition"]].wait()

    async def await_waitConditionFor(self, s, frame):
        if s["condition"] not in frame.conditions:
            return "not held"
        await self.conditions[s["condition"]].wait_for(self.events[s["event"]].is_set)

    async def await_put(self, s, frame):
        await self.queues[s["queue"]].put(s["value"])

    async def await_get(self, s, frame):
        return await self.queues[s["queue"]].get()

    async def await_join(self, s, frame):
        await self.queues[s["queue"]].join()

    async def await_barrier(self, s, frame):
        return await self.barriers[s["barrier"]].wait()

    async def await_resetBarrier(self, s, frame):
        await self.barriers[s["barrier"]].reset()

    async def await_abortBarrier(self, s, frame):
        await self.barriers[s["barrier"]].abort()

    async def drive(self, roots):
        """Starts the program, and cancels what is left when nothing happens any more."""
        asyncio.current_task().set_name("driver")
        for number in range(roots):
            self.spawn(number)
        for round in range(ROUNDS):
            await asyncio.sleep(HORIZON)
            left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            if not left:
                break
            # all_tasks() is in no order.
            left.sort(key=lambda t: self.order_of(t))
            self.log("cancels " + " ".join(t.get_name() for t in left))
            for task in left:
                task.cancel("round %d" % round)
        self.log_state()

    def names_of(self, tasks):
        return " ".join(task.get_name() for task in sorted(tasks, key=self.order_of))

    def order_of(self, task):
        name = task.get_name()
        return self.made.index(name) if name in self.made else len(self.made)

    def log_state(self):
        for i, future in enumerate(self.futures):
            self.log("future %d: %s" % (i, self.state_of(future)))
        for number, task in self.latest.items():
            self.log("task %d %s: %s, cancelling %d" % (number, task.get_name(), self.state_of(task), task.cancelling()))
        for i, lock in enumerate(self.locks):
            self.log("lock %d: %s" % (i, describe_bool(lock.locked())))
        for i, semaphore in enumerate(self.semaphores):
            self.log("semaphore %d: %s" % (i, describe_bool(semaphore.locked())))
        for i, queue in enumerate(self.queues):
            self.log("queue %d: %d" % (i, queue.qsize()))
        for i, barrier in enumerate(self.barriers):
            self.log("barrier %d: %d %s" % (i, barrier.n_waiting, describe_bool(barrier.broken)))

    def state_of(self, future):
        if not future.done():
            return "pending"
        if future.cancelled():
            return "cancelled"
        error = future.exception()
        return str(future.result()) if error is None else describe(error)

    def on_exception(self, loop, context):
        if "handle" in context:
            self.log("handler: " + describe(context["exception"]))


def interpret(program):
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        interpreter = Interpreter(program, loop)
        loop.set_exception_handler(interpreter.on_exception)
        loop.run_until_complete(interpreter.drive(program["roots"]))
        # What is destroyed from now on must not show.
        trace, interpreter.trace = interpreter.trace, []
        return trace
    finally:
        loop.close()


if not hasattr(asyncio.Task, "cancelling"):
    raise SystemExit("needs Python 3.11")
for line in sys.stdin:
    print(json.dumps(interpret(json.loads(line))), flush=True)
