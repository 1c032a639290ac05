# Copyright 2026 the asyncio for Deno authors. MIT license.
"""The programs of the tests in this folder, written for asyncio.

Run by itself it prints, as JSON, what each of them logs; with names as arguments, only those.
"""

import asyncio
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "differential"))

from ordered_group import new_group  # noqa: E402
from virtual_loop import VirtualLoop  # noqa: E402

programs = {}


class Log(list):
    def __call__(self, text):
        self.append(text.replace("True", "true").replace("False", "false"))


def program(main):
    """A program that is the main task of a loop."""

    def run():
        log = Log()
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(main(log))
        return log

    programs[main.__name__] = run
    return main


def loop_program(main):
    """A program that runs its loop itself."""

    def run():
        log = Log()
        loop = VirtualLoop()
        try:
            main(log, loop)
        finally:
            loop.close()
        return log

    programs[main.__name__] = run
    return main


def say(error):
    if isinstance(error, ExceptionGroup):
        return "ExceptionGroup[%s]" % ", ".join(map(say, error.exceptions))
    return "%s(%s)" % (type(error).__name__, error)


async def at_depth(depth, body):
    if depth == 0:
        return await body()
    return await at_depth(depth - 1, body)


# Awaiting


@program
async def awaits_of_different_depth(log):
    async def work(name, depth):
        async def body():
            for i in range(3):
                log(f"{name}{i}")
                await asyncio.sleep(0)

        await at_depth(depth, body)
        log(f"{name} ends")

    await asyncio.gather(work("a", 7), work("b", 0), work("c", 3))


@program
async def callbacks_between_steps(log):
    loop = asyncio.get_running_loop()

    async def work(name):
        log(f"{name}1")
        loop.call_soon(log, f"callback of {name}1")
        await asyncio.sleep(0)
        log(f"{name}2")
        loop.call_soon(log, f"callback of {name}2")
        await asyncio.sleep(0)
        log(f"{name}3")

    a = asyncio.create_task(work("a"))
    loop.call_soon(log, "between a and b")
    b = asyncio.create_task(work("b"))
    await a
    await b


@program
async def done_callbacks(log):
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    async def reader(name):
        log(f"{name} reads {await future}")

    a = asyncio.create_task(reader("a"))
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: log("first callback"))
    b = asyncio.create_task(reader("b"))
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: log("second callback"))
    removed = lambda f: log("never")  # noqa: E731
    future.add_done_callback(removed)
    log(f"removed {future.remove_done_callback(removed)}")
    loop.call_soon(log, "ready before")
    future.set_result(1)
    log("result is set")
    loop.call_soon(log, "ready after")
    future.add_done_callback(lambda f: log("added late"))
    await a
    await b
    log("main")
    await asyncio.sleep(0)
    log("main again")


@program
async def await_of_a_done_future(log):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    done.set_result(1)
    failed = loop.create_future()
    failed.set_exception(ValueError("no"))
    loop.call_soon(log, "callback")
    log(f"got {await done}")
    try:
        await failed
    except ValueError as error:
        log(say(error))
    for _ in range(3):
        await done
    log("has not yielded")
    await asyncio.sleep(0)
    log("has yielded")


@program
async def sleep_zero(log):
    async def work(name, times):
        for i in range(times):
            log(f"{name}{i}")
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(work(n, t)) for n, t in (("a", 1), ("b", 3), ("c", 2))]
    log("main")
    await asyncio.sleep(0)
    log("main")
    await asyncio.gather(*tasks)


@program
async def tasks_of_tasks(log):
    async def work(name, depth):
        log(f"{name} starts")
        if depth > 0:
            children = [asyncio.create_task(work(f"{name}{i}", depth - 1)) for i in range(2)]
            for child in children:
                log(f"{name} has {await child}")
        return name

    await asyncio.create_task(work("t", 2))


@program
async def result_of_a_task(log):
    async def work():
        log("work")
        return 1

    task = asyncio.create_task(work())
    task.add_done_callback(lambda t: log("callback"))

    async def reader(name):
        log(f"{name} waits")
        log(f"{name} reads {await task}")

    readers = [asyncio.create_task(reader(name)) for name in "abc"]
    await asyncio.gather(*readers)
    log(f"main reads {await task}")


@program
async def exception_of_a_task(log):
    async def work():
        await asyncio.sleep(0)
        raise ValueError("no")

    task = asyncio.create_task(work())

    async def reader(name):
        try:
            await task
        except ValueError as error:
            log(f"{name} catches {say(error)}")
        finally:
            await asyncio.sleep(0)
            log(f"{name} has cleaned up")

    await asyncio.gather(reader("a"), reader("b"))


@program
async def current_task_in_callbacks(log):
    loop = asyncio.get_running_loop()

    def where(label):
        task = asyncio.current_task()
        log(f"{label}: {'none' if task is None else task.get_name()}")

    async def work():
        where("task")
        loop.call_soon(where, "callback")
        asyncio.current_task().add_done_callback(lambda t: where("done callback"))
        await asyncio.sleep(0)
        where("task again")

    task = asyncio.create_task(work(), name="worker")
    await task
    await asyncio.sleep(0)


@program
async def await_of_oneself(log):
    loop = asyncio.get_running_loop()
    foreign = asyncio.new_event_loop()
    future = foreign.create_future()

    async def work(name, awaited):
        loop.call_soon(log, f"callback of {name}")
        try:
            await (awaited or asyncio.current_task())
        except RuntimeError:
            log(f"{name} fails")
        except asyncio.CancelledError as error:
            log(f"{name} is cancelled: {error}")
        await asyncio.sleep(0)
        log(f"{name} goes on")

    tasks = [
        asyncio.create_task(work("a", None)),
        asyncio.create_task(work("b", future)),
        asyncio.create_task(work("c", None)),
    ]
    await asyncio.sleep(0)
    log(f"cancel: {tasks[2].cancel('stop')}")
    await asyncio.gather(*tasks)
    foreign.close()


# One of several waiters is cancelled


keep = [].append


def waiters_of(kind):
    """How a task waits, and what lets the next one go on."""
    if kind == "get":
        queue = asyncio.Queue()
        return queue.get, lambda: queue.put_nowait(0)
    if kind == "put":
        queue = asyncio.Queue(1)
        queue.put_nowait(0)
        return lambda: queue.put(0), lambda: queue.empty() or queue.get_nowait()
    if kind == "join":
        queue = asyncio.Queue()
        queue.put_nowait(0)
        return queue.join, lambda: queue._unfinished_tasks and queue.task_done()
    if kind == "lock":
        lock = asyncio.Lock()
        lock._locked = True
        return lock.acquire, lambda: lock.locked() and lock.release()
    if kind == "semaphore":
        semaphore = asyncio.Semaphore(0)
        return semaphore.acquire, semaphore.release
    if kind == "event":
        event = asyncio.Event()
        return event.wait, event.set
    if kind == "barrier":
        barrier = asyncio.Barrier(5)
        return barrier.wait, lambda: keep(asyncio.create_task(barrier.wait()))
    condition = asyncio.Condition()

    async def wait():
        async with condition:
            await condition.wait()

    async def notify():
        async with condition:
            condition.notify()

    return wait, lambda: keep(asyncio.create_task(notify()))


def waiters_program(kind):
    async def main(log):
        for when in "before", "just before", "after", "later":
            for victim in range(4):
                events = []
                wait, wake = waiters_of(kind)

                async def work(name):
                    try:
                        await wait()
                        events.append(name)
                    except asyncio.CancelledError:
                        events.append(f"-{name}")

                tasks = [asyncio.create_task(work(name)) for name in "abcd"]
                await asyncio.sleep(0.01)
                if when in ("after", "later"):
                    wake()
                    wake()
                if when == "later":
                    await asyncio.sleep(0)
                tasks[victim].cancel()
                if when == "just before":
                    wake()
                late = asyncio.create_task(work("e"))
                for _ in range(5):
                    await asyncio.sleep(0.01)
                    events.append("|")
                    wake()
                log(f"{when} {victim}: {' '.join(events)}")
                await asyncio.sleep(0.01)
                for task in *tasks, late:
                    task.cancel()
                await asyncio.sleep(0.01)

    main.__name__ = f"waiters_of_{kind}"
    program(main)


for kind in "get", "put", "join", "lock", "semaphore", "event", "barrier", "condition":
    waiters_program(kind)


# Cancelling


@program
async def cancelled_tree(log):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    future.add_done_callback(lambda _: log("future"))

    async def work(name, *others):
        try:
            await (asyncio.gather(*others) if others else asyncio.sleep(1))
        except asyncio.CancelledError as error:
            log(f"{name}: {error}, {asyncio.current_task().cancelling()}")
            raise

    def task(*args):
        return asyncio.create_task(work(*args))

    shared = task("shared")
    deep = task("deep", task("middle", task("bottom"), shared))
    root = task("root", deep, future, task("flat"), shared)
    await asyncio.sleep(0.1)
    root.cancel("stop")
    await asyncio.wait([root])


@program
async def cancelled_before_the_first_step(log):
    async def work():
        log("never")

    task = asyncio.create_task(work())
    task.add_done_callback(lambda t: log(f"done, cancelled: {t.cancelled()}"))
    log(f"cancel: {task.cancel('early')}")
    log(f"cancelled yet: {task.cancelled()}")
    try:
        await task
    except asyncio.CancelledError as error:
        log(say(error))
    log(f"cancel: {task.cancel()}, cancelling {task.cancelling()}")


@program
async def cancelled_at_an_await(log):
    async def work():
        try:
            log("waits")
            await asyncio.sleep(10)
        except asyncio.CancelledError as error:
            log(f"catches {say(error)}")
            raise
        finally:
            await asyncio.sleep(0)
            log("has cleaned up")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(log, "ready before")
    task.cancel("stop")
    asyncio.get_running_loop().call_soon(log, "ready after")
    log("has cancelled")
    try:
        await task
    except asyncio.CancelledError as error:
        log(f"main catches {say(error)}")
    log(f"cancelled: {task.cancelled()}, cancelling {task.cancelling()}")


@program
async def cancelled_between_wake_up_and_resumption(log):
    future = asyncio.get_running_loop().create_future()
    failing = asyncio.get_running_loop().create_future()

    async def work(name, awaited):
        try:
            log(f"{name} got {await awaited}")
        except BaseException as error:
            log(f"{name} catches {say(error)}")
            raise

    a = asyncio.create_task(work("a", future))
    b = asyncio.create_task(work("b", future))
    c = asyncio.create_task(work("c", failing))
    await asyncio.sleep(0)
    future.set_result(1)
    failing.set_exception(ValueError("lost"))
    a.cancel("late")
    c.cancel("late too")
    log(f"future: {future.result()}, {future.cancelled()}")
    await asyncio.gather(a, b, c, return_exceptions=True)
    log(f"cancelled: {a.cancelled()} {b.cancelled()} {c.cancelled()}")


@program
async def cancels_itself(log):
    async def at_next_await():
        asyncio.current_task().cancel("self")
        log("goes on")
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            log(f"catches {say(error)}")
        await asyncio.sleep(0)
        log("goes on again")

    async def at_its_end():
        asyncio.current_task().cancel("self")
        return 1

    async def on_a_done_future():
        done = asyncio.get_running_loop().create_future()
        done.set_result(1)
        asyncio.current_task().cancel("self")
        log(f"got {await done}")
        await asyncio.sleep(0)
        log("never")

    for work in (at_next_await, at_its_end, on_a_done_future):
        task = asyncio.create_task(work())
        await asyncio.gather(task, return_exceptions=True)
        log(f"{work.__name__}: cancelled {task.cancelled()}, cancelling {task.cancelling()}")


@program
async def cancellation_swallowed(log):
    async def work():
        for i in range(3):
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError as error:
                log(f"swallows {say(error)}, cancelling {asyncio.current_task().cancelling()}")
        await asyncio.sleep(0)
        return "done"

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    for i in range(3):
        task.cancel(f"{i}")
        await asyncio.sleep(0)
    log(await task)
    log(f"cancelled: {task.cancelled()}, cancelling {task.cancelling()}")


@program
async def cancelled_again_while_cleaning_up(log):
    async def work():
        try:
            await asyncio.sleep(10)
        finally:
            log("cleans up")
            try:
                await asyncio.sleep(10)
                log("never")
            finally:
                await asyncio.sleep(0)
                log("cleans up again")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel("first")
    await asyncio.sleep(0)
    task.cancel("second")
    try:
        await task
    except asyncio.CancelledError as error:
        log(say(error))


@program
async def uncancel(log):
    async def work():
        task = asyncio.current_task()
        task.cancel()
        task.cancel()
        log(f"cancelling {task.cancelling()}")
        log(f"uncancel {task.uncancel()}")
        log(f"uncancel {task.uncancel()}")
        await asyncio.sleep(0)
        log("goes on")
        task.cancel("again")
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            log(f"catches {say(error)}")
        log(f"uncancel {task.uncancel()}")
        log(f"uncancel {task.uncancel()}")

    await asyncio.create_task(work())


@program
async def cancelling_one_who_awaits_a_task(log):
    async def inner(name, swallows):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as error:
            log(f"{name} catches {say(error)}")
            if not swallows:
                raise
        return name

    async def outer(task):
        try:
            log(f"outer got {await task}")
        except asyncio.CancelledError as error:
            log(f"outer catches {say(error)}")
            raise

    for swallows in (False, True):
        child = asyncio.create_task(inner("inner", swallows))
        parent = asyncio.create_task(outer(child))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        parent.cancel("through")
        log(f"cancelling {parent.cancelling()} {child.cancelling()}")
        await asyncio.gather(parent, return_exceptions=True)
        log(f"cancelled: {parent.cancelled()} {child.cancelled()}")


@program
async def cancelled_by_a_done_callback(log):
    future = asyncio.get_running_loop().create_future()

    async def work():
        try:
            await future
            log("never")
        except asyncio.CancelledError as error:
            log(f"catches {say(error)}")

    task = asyncio.create_task(work())
    future.add_done_callback(lambda f: task.cancel("by the callback"))
    await asyncio.sleep(0)
    future.set_result(1)
    await task


# Gathering


@program
async def gather_keeps_the_order(log):
    async def work(name, turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        log(f"{name} ends")
        return name

    log(", ".join(await asyncio.gather(work("a", 3), work("b", 1), work("c", 2))))


@program
async def gather_with_a_failure(log):
    async def fails(turns, message):
        for _ in range(turns):
            await asyncio.sleep(0)
        log(f"raises {message}")
        raise ValueError(message)

    async def lasts():
        for i in range(4):
            log(f"lasts {i}")
            await asyncio.sleep(0)

    try:
        await asyncio.gather(lasts(), fails(1, "one"), fails(2, "two"))
    except ValueError as error:
        log(f"catches {say(error)}")
    for _ in range(3):
        await asyncio.sleep(0)
    results = await asyncio.gather(fails(1, "three"), fails(0, "four"), return_exceptions=True)
    log(", ".join(map(say, results)))


@program
async def gather_cancelled(log):
    async def work(name, swallows):
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as error:
            log(f"{name} catches {say(error)}")
            if not swallows:
                raise
            await asyncio.sleep(0)
            log(f"{name} goes on")

    async def outer():
        try:
            await asyncio.gather(work("a", False), work("b", True), work("c", False))
        except asyncio.CancelledError:
            log("outer catches it")
            raise

    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel("stop")
    await asyncio.gather(task, return_exceptions=True)
    log(f"cancelled: {task.cancelled()}")


@program
async def gather_with_a_child_cancelled(log):
    async def work(name):
        try:
            await asyncio.sleep(10)
            log(f"{name} ends")
        except asyncio.CancelledError:
            log(f"{name} is cancelled")
            raise

    a, b = asyncio.create_task(work("a")), asyncio.create_task(work("b"))
    asyncio.get_running_loop().call_soon(b.cancel, "b only")
    await asyncio.sleep(0)
    try:
        await asyncio.gather(a, b)
    except asyncio.CancelledError as error:
        log(f"catches {say(error)}, cancelling {asyncio.current_task().cancelling()}")
    await a


# Groups


async def lasting(log, name):
    try:
        log(f"{name} starts")
        await asyncio.sleep(10)
        log(f"{name} ends")
    except asyncio.CancelledError:
        log(f"{name} is cancelled")
        await asyncio.sleep(0)
        log(f"{name} has cleaned up")
        raise


async def failing(log, message, turns=0):
    for _ in range(turns):
        await asyncio.sleep(0)
    log(f"raises {message}")
    raise ValueError(message)


@program
async def group_waits_for_its_tasks(log):
    async def work(name, turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        log(f"{name} ends")

    async with new_group() as group:
        group.create_task(work("a", 2))
        group.create_task(work("b", 0))
        log("body ends")
    log("group ends")


@program
async def group_with_a_failing_child(log):
    try:
        async with new_group() as group:
            group.create_task(lasting(log, "a"))
            group.create_task(failing(log, "one"))
            group.create_task(failing(log, "two"))
            group.create_task(failing(log, "never", 1))
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError as error:
                log(f"body catches {say(error)}, cancelling {asyncio.current_task().cancelling()}")
                raise
    except* ValueError as error:
        log(f"catches {say(error)}, cancelling {asyncio.current_task().cancelling()}")


@program
async def group_with_a_failing_body(log):
    try:
        async with new_group() as group:
            group.create_task(lasting(log, "a"))
            await asyncio.sleep(0)
            group.create_task(lasting(log, "never"))
            raise ValueError("body")
    except* ValueError as error:
        log(f"catches {say(error)}")


@program
async def groups_in_groups(log):
    async def inner():
        try:
            async with new_group() as group:
                group.create_task(lasting(log, "inner a"))
                group.create_task(failing(log, "inner", 1))
        finally:
            log("inner group ends")

    try:
        async with new_group() as group:
            group.create_task(inner())
            group.create_task(lasting(log, "outer a"))
    except* ValueError as error:
        log(f"catches {say(error)}")


@program
async def group_cancelled_while_failing(log):
    async def work():
        try:
            async with new_group() as group:
                group.create_task(lasting(log, "a"))
                group.create_task(failing(log, "inside"))
                await asyncio.sleep(10)
        except* ValueError as error:
            log(f"catches {say(error)}, cancelling {asyncio.current_task().cancelling()}")
        log("after the group")
        await asyncio.sleep(0)
        log("never")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log("cancels")
    task.cancel("outside")
    await asyncio.gather(task, return_exceptions=True)
    log(f"cancelled: {task.cancelled()}, cancelling {task.cancelling()}")


@program
async def group_cancelled_from_outside(log):
    async def work():
        async with new_group() as group:
            group.create_task(lasting(log, "a"))
            group.create_task(lasting(log, "b"))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel("outside")
    try:
        await task
    except asyncio.CancelledError as error:
        log(f"catches {say(error)}")


@program
async def group_shutting_down(log):
    async def late(group):
        try:
            await asyncio.sleep(10)
        finally:
            coro = lasting(log, "never")
            try:
                group.create_task(coro)
            except RuntimeError:
                coro.close()
                log("no new task")

    try:
        async with new_group() as group:
            group.create_task(late(group))
            group.create_task(failing(log, "one"))
    except* ValueError as error:
        log(f"catches {say(error)}")


# Time limits


@program
async def timeout_expires(log):
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(3) as scope:
            try:
                await asyncio.sleep(10)
            finally:
                log(f"cleans up at {loop.time():g}, cancelling {asyncio.current_task().cancelling()}")
                await asyncio.sleep(1)
    except TimeoutError:
        log(f"TimeoutError at {loop.time():g}, cancelling {asyncio.current_task().cancelling()}")
    log(f"expired: {scope.expired()}")


@program
async def timeouts_nested(log):
    async def limited(outer, inner):
        try:
            async with asyncio.timeout(outer) as a:
                try:
                    async with asyncio.timeout(inner) as b:
                        await asyncio.sleep(10)
                except TimeoutError:
                    log("inner TimeoutError")
                    await asyncio.sleep(10)
        except TimeoutError:
            log("outer TimeoutError")
        log(f"expired: {a.expired()} {b.expired()}, cancelling {asyncio.current_task().cancelling()}")

    await limited(2, 1)
    await limited(1, 2)


@program
async def timeout_and_cancellation(log):
    async def work():
        try:
            async with asyncio.timeout(1) as scope:
                await asyncio.sleep(10)
        except TimeoutError:
            log("never")
        except asyncio.CancelledError as error:
            log(f"catches {say(error)}, expired {scope.expired()}, cancelling {asyncio.current_task().cancelling()}")
            raise

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work())
    # The limit is reached first, in the same turn of the loop.
    await asyncio.sleep(0)
    loop.call_at(1.5, log, "never late")
    loop.call_at(1, lambda: task.cancel("outside"))
    await asyncio.gather(task, return_exceptions=True)
    log(f"cancelled: {task.cancelled()}")


@program
async def timeout_of_zero(log):
    try:
        async with asyncio.timeout(0):
            log("body")
            done = asyncio.get_running_loop().create_future()
            done.set_result(None)
            await done
            log("goes on")
            await asyncio.sleep(0)
            log("never")
    except TimeoutError:
        log("TimeoutError")


@program
async def timeout_rescheduled(log):
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(1) as scope:
            scope.reschedule(loop.time() + 3)
            await asyncio.sleep(2)
            log(f"goes on at {loop.time():g}")
            scope.reschedule(loop.time())
            await asyncio.sleep(2)
    except TimeoutError:
        log(f"TimeoutError at {loop.time():g}")


@program
async def wait_for(log):
    loop = asyncio.get_running_loop()

    async def work(name, delay):
        try:
            await asyncio.sleep(delay)
            log(f"{name} ends, in {asyncio.current_task().get_name()}")
            return name
        except asyncio.CancelledError:
            log(f"{name} is cancelled")
            raise

    asyncio.current_task().set_name("main")
    log(await asyncio.wait_for(work("a", 1), 2))
    for timeout in (1, 0, -1):
        try:
            await asyncio.wait_for(work("b", 2), timeout)
        except TimeoutError:
            log(f"TimeoutError at {loop.time():g}")
    done = loop.create_future()
    done.set_result("done")
    loop.call_soon(log, "callback")
    log(await asyncio.wait_for(done, 0))
    log(await asyncio.wait_for(done, 1))
    task = asyncio.create_task(work("c", 5))
    try:
        await asyncio.wait_for(task, 1)
    except TimeoutError:
        log(f"cancelled: {task.cancelled()}")


# Synchronisation


@program
async def lock_hands_over(log):
    lock = asyncio.Lock()

    async def work(name):
        log(f"{name} asks")
        async with lock:
            log(f"{name} has it")
            await asyncio.sleep(0)
            log(f"{name} lets go")
        log(f"{name} is out")

    await asyncio.gather(*map(work, "abc"))


@program
async def lock_with_waiters_cancelled(log):
    lock = asyncio.Lock()

    async def work(name):
        try:
            async with lock:
                log(f"{name} has it")
        except asyncio.CancelledError:
            log(f"{name} is cancelled")

    await lock.acquire()
    tasks = [asyncio.create_task(work(name)) for name in "abcd"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    lock.release()
    log(f"locked: {lock.locked()}")
    # It has been woken already.
    tasks[0].cancel()
    await asyncio.gather(*tasks)
    log(f"locked: {lock.locked()}")


@program
async def lock_is_not_stolen(log):
    lock = asyncio.Lock()

    async def work(name):
        async with lock:
            log(f"{name} has it")

    await lock.acquire()
    a = asyncio.create_task(work("a"))
    await asyncio.sleep(0)
    lock.release()
    b = asyncio.create_task(work("b"))
    async with lock:
        log("main has it")
    await a
    await b


@program
async def semaphore_order(log):
    semaphore = asyncio.Semaphore(2)

    async def work(name, turns):
        async with semaphore:
            log(f"{name} is in")
            for _ in range(turns):
                await asyncio.sleep(0)
            log(f"{name} leaves")

    await asyncio.gather(*(work(n, t) for n, t in zip("abcde", (3, 1, 1, 2, 1))))


@program
async def semaphore_with_a_waiter_cancelled(log):
    semaphore = asyncio.Semaphore(1)

    async def work(name):
        try:
            async with semaphore:
                log(f"{name} is in")
        except asyncio.CancelledError:
            log(f"{name} is cancelled")

    await semaphore.acquire()
    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    await asyncio.sleep(0)
    semaphore.release()
    # It has been woken already: its permit goes to the next.
    tasks[0].cancel()
    log(f"locked: {semaphore.locked()}")
    await asyncio.gather(*tasks)
    log(f"locked: {semaphore.locked()}")


@program
async def event_order(log):
    event = asyncio.Event()

    async def work(name):
        await event.wait()
        log(f"{name} goes on, set: {event.is_set()}")

    tasks = [asyncio.create_task(work(name)) for name in "abc"]
    await asyncio.sleep(0)
    event.set()
    event.clear()
    tasks[1].cancel()
    late = asyncio.create_task(work("late"))
    await asyncio.sleep(0)
    log("sets it again")
    event.set()
    await late
    log(f"cancelled: {tasks[1].cancelled()}")


@program
async def condition_order(log):
    condition = asyncio.Condition()

    async def work(name):
        async with condition:
            log(f"{name} waits")
            try:
                await condition.wait()
                log(f"{name} is notified")
            except asyncio.CancelledError:
                log(f"{name} is cancelled, locked: {condition.locked()}")
                raise
            await asyncio.sleep(0)
            log(f"{name} leaves")

    tasks = [asyncio.create_task(work(name)) for name in "abcd"]
    await asyncio.sleep(0)
    async with condition:
        condition.notify(2)
        tasks[0].cancel()
        log("main leaves")
    for _ in range(8):
        await asyncio.sleep(0)
    async with condition:
        condition.notify_all()
    await asyncio.gather(*tasks, return_exceptions=True)
    log(f"cancelled: {[t.cancelled() for t in tasks].count(True)}")


@program
async def queue_hands_over(log):
    queue = asyncio.Queue()

    async def getter(name):
        log(f"{name} got {await queue.get()}")

    tasks = [asyncio.create_task(getter(name)) for name in "abc"]
    await asyncio.sleep(0)
    queue.put_nowait(1)
    # It has been woken already: what it would have got goes to the next.
    tasks[0].cancel()
    log(f"size {queue.qsize()}")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    log(f"size {queue.qsize()}")
    queue.put_nowait(2)
    await asyncio.gather(*tasks, return_exceptions=True)
    log(f"size {queue.qsize()}")


@program
async def queue_with_a_bound(log):
    queue = asyncio.Queue(2)

    async def producer():
        for i in range(5):
            await queue.put(i)
            log(f"put {i}")

    async def consumer():
        for _ in range(5):
            log(f"got {await queue.get()}")
            queue.task_done()

    async def joiner():
        await queue.join()
        log("all done")

    await asyncio.gather(producer(), joiner(), consumer())


@program
async def queue_shut_down(log):
    queue = asyncio.Queue(1)

    async def put(i):
        try:
            await queue.put(i)
            log(f"put {i}")
        except asyncio.QueueShutDown:
            log(f"cannot put {i}")

    async def get(name):
        try:
            log(f"{name} got {await queue.get()}")
        except asyncio.QueueShutDown:
            log(f"{name} cannot get")

    putters = [asyncio.create_task(put(i)) for i in range(3)]
    await asyncio.sleep(0)
    queue.shutdown()
    getters = [asyncio.create_task(get(name)) for name in "ab"]
    await asyncio.gather(*putters, *getters)


@program
async def barrier_order(log):
    barrier = asyncio.Barrier(2)

    async def work(name):
        log(f"{name} comes")
        log(f"{name} was number {await barrier.wait()}")

    await asyncio.gather(*map(work, "abcd"))


# The loop


@loop_program
def stop_in_a_batch(log, loop):
    def first():
        log("first")
        loop.call_soon(log, "scheduled in the batch")
        loop.stop()

    loop.call_soon(first)
    loop.call_soon(log, "second")
    loop.run_forever()
    log("stopped")
    loop.stop()
    loop.run_forever()
    log("stopped at once")


@loop_program
def run_until_complete_leaves_the_rest(log, loop):
    async def lasts():
        for i in range(3):
            log(f"lasts {i}")
            await asyncio.sleep(0)

    async def main(name):
        log(f"{name} starts")
        await asyncio.sleep(0)
        log(f"{name} ends")

    task = loop.create_task(lasts())
    loop.run_until_complete(main("one"))
    log("between")
    loop.run_until_complete(main("two"))
    loop.run_until_complete(task)


@loop_program
def timers_join_at_the_end_of_a_batch(log, loop):
    def first():
        log("first")
        loop.call_later(0, log, "later by nothing")
        loop.call_soon(log, "soon")
        loop.call_at(0, log, "long due")

    loop.call_later(0, log, "timer")
    loop.call_soon(first)
    loop.call_soon(log, "second")
    loop.call_later(1, loop.stop)
    loop.run_forever()


@loop_program
def timers_due_together(log, loop):
    def busy():
        log("busy")
        loop.jump(10)

    loop.call_later(3, log, "three")
    loop.call_later(1, busy)
    loop.call_later(4, log, "four")
    cancelled = loop.call_later(2, log, "never")
    loop.call_later(2.5, log, "two and a half")
    loop.call_later(2, cancelled.cancel)
    loop.call_later(1.5, cancelled.cancel)
    loop.call_later(20, loop.stop)
    loop.run_forever()
    log(f"{loop.time():g}")


@loop_program
def failing_callbacks(log, loop):
    def fails():
        log("fails")
        raise ValueError("no")

    loop.set_exception_handler(lambda loop, context: log(f"handler: {say(context['exception'])}"))
    loop.call_soon(fails)
    loop.call_soon(log, "next")
    future = loop.create_future()
    future.add_done_callback(lambda f: fails())
    future.add_done_callback(lambda f: log("next done callback"))
    future.set_result(None)
    loop.call_later(1, loop.stop)
    loop.run_forever()


@loop_program
def handles_cancelled(log, loop):
    def first():
        log("first")
        second.cancel()
        timer.cancel()

    loop.call_soon(first)
    second = loop.call_soon(log, "never")
    loop.call_soon(log, "third")
    timer = loop.call_later(1, log, "never")
    loop.call_later(2, loop.stop)
    loop.run_forever()
    log(f"cancelled: {second.cancelled()} {timer.cancelled()}")


if __name__ == "__main__":
    names = sys.argv[1:] or programs
    print(json.dumps({name: programs[name]() for name in names}, indent=1))
