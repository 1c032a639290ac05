# Copyright 2026 the asyncio for Deno authors. MIT license.

"""Runs programs, one in each line of standard input, with Trio; prints what happened, and when."""

import json
import math
import sys

import trio
import trio.testing

LIMIT = 1000


def leaves(error):
    if isinstance(error, BaseExceptionGroup):
        return [each for inner in error.exceptions for each in leaves(inner)]
    return [error]


def split(error):
    """The errors and the cancellations in a group."""
    all = leaves(error)
    cancelled = [each for each in all if isinstance(each, trio.Cancelled)]
    return [each for each in all if each not in cancelled], cancelled


def names(errors):
    return ", ".join(
        sorted(str(e) if type(e) is ValueError else type(e).__name__ for e in errors)
    )


class Interpreter:
    def __init__(self):
        self.trace = []
        self.scopes = {}

    async def run(self, program):
        self.begin = trio.current_time()
        self.send, self.receive = trio.open_memory_channel(2)
        with trio.CancelScope(deadline=self.begin + LIMIT) as scope:
            try:
                await self.all(program, None)
            except BaseException as error:
                errors, cancelled = split(error)
                if errors:
                    self.log(f"failed: {names(errors)}")
                if cancelled:
                    raise cancelled[0] from None
        self.log(f"end, {'true' if scope.cancelled_caught else 'false'}")

    def log(self, what):
        self.trace.append(f"{trio.current_time() - self.begin:.6f} {what}")

    async def all(self, steps, group):
        for step in steps:
            await getattr(self, "do_" + step["do"])(step, group)

    async def do_sleep(self, step, group):
        await trio.sleep(step["for"])

    async def do_log(self, step, group):
        self.log(f"log {step['id']}")

    async def do_fail(self, step, group):
        raise ValueError(f"error {step['id']}")

    async def do_put(self, step, group):
        await trio.sleep(0)
        await self.send.send(step["id"])
        self.log(f"put {step['id']}")
        await trio.sleep(step["for"])

    async def do_get(self, step, group):
        await trio.sleep(0)
        self.log(f"got {await self.receive.receive()}")
        await trio.sleep(step["for"])

    async def do_scope(self, step, group):
        after = math.inf if step["after"] is None else step["after"]
        with trio.CancelScope(
            deadline=trio.current_time() + after, shield=step["shield"]
        ) as scope:
            self.scopes[step["id"]] = scope
            await self.all(step["steps"], group)
        flags = [scope.cancel_called, scope.cancelled_caught]
        called, caught = ("true" if flag else "false" for flag in flags)
        self.log(f"scope {step['id']} {called} {caught}")

    async def do_cancel(self, step, group):
        if step["scope"] in self.scopes:
            self.scopes[step["scope"]].cancel()
        await trio.sleep(step["for"])

    async def do_cleaned(self, step, group):
        try:
            await self.all(step["steps"], group)
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(step["for"])
            self.log(f"cleaned {step['id']}")

    async def do_group(self, step, _):
        try:
            async with trio.open_nursery() as group:
                for each in step["tasks"]:
                    group.start_soon(self.all, each, None)
                await self.all(step["steps"], group)
                await trio.sleep(0)
        except BaseException as error:
            errors, cancelled = split(error)
            if errors:
                self.log(f"group {step['id']} failed: {names(errors)}")
            if cancelled:
                raise cancelled[0] from None
        self.log(f"group {step['id']}")

    async def do_start(self, step, group):
        async def task(task_status):
            await self.all(step["before"], None)
            if not step["says"]:
                return
            task_status.started(step["id"])
            await self.all(step["after"], None)
            self.log(f"task {step['id']} ends")

        await trio.sleep(0)
        try:
            self.log(f"started {await group.start(task)}")
        except BaseException as error:
            errors, cancelled = split(error)
            if errors:
                self.log(f"start {step['id']} failed: {names(errors)}")
            if cancelled:
                raise cancelled[0] from None


for line in sys.stdin:
    interpreter = Interpreter()
    steps = json.loads(line)
    trio.run(
        interpreter.run,
        steps,
        clock=trio.testing.MockClock(autojump_threshold=0),
        strict_exception_groups=True,
    )
    print(json.dumps(interpreter.trace), flush=True)
