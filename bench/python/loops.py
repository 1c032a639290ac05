# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Runs programs on the event loop that the environment names: asyncio's own, or uvloop's."""

import asyncio
import os


def run(main):
    if os.environ.get("ASYNCIO_BENCH_LOOP") == "uvloop":
        import uvloop

        return uvloop.run(main)
    return asyncio.run(main)
