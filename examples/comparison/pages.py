# Copyright 2026 the asyncio for Deno authors. MIT license.

"""Stands in for the network, as pages.ts does, and runs the program that is named."""

import importlib
import sys

LIMIT = 0.1


async def download(page, sleep):
    await sleep(1 if page == "slow" else 0.01)
    return f"{len(page)} bytes"


if __name__ == "__main__":
    sizes = importlib.import_module(sys.argv[1]).main(sys.argv[2:])
    print(", ".join(sizes[page] for page in sys.argv[2:]))
