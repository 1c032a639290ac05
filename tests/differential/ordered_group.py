# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Task groups that cancel their tasks in the order of their creation, as ours do."""

import asyncio


class InOrder(dict):
    """As much of a set as a task group needs, in the order of insertion."""

    def add(self, each):
        self[each] = None

    def discard(self, each):
        self.pop(each, None)


def new_group():
    group = asyncio.TaskGroup()
    # asyncio keeps its tasks in a set, and so cancels them in no certain order.
    group._tasks = InOrder()
    return group
