# Copyright 2026 the asyncio for Deno authors. MIT license.
"""A loop whose clock stands still while something is ready, and jumps to the next timer when nothing is."""

import asyncio
import selectors


class JumpingSelector(selectors.SelectSelector):
    """Does not wait: it has the clock jump."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def select(self, timeout=None):
        if timeout is None:
            raise SystemExit("nothing is left that could happen")
        if timeout > 0:
            self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 2.0**-38

    def time(self):
        return self._jumping.now

    def jump(self, seconds):
        """Lets time go by while something runs."""
        self._jumping.now += seconds
