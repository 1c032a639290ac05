# Copyright 2026 the asyncio for Deno authors. MIT license.

import asyncio

from pages import LIMIT, download


async def weigh_all(pages):
    """Downloads all pages, two at a time, each within a limit."""
    sizes = {}
    limit = asyncio.Semaphore(2)

    async def weigh(page):
        async with limit:
            try:
                async with asyncio.timeout(LIMIT):
                    sizes[page] = await download(page, asyncio.sleep)
            except TimeoutError:
                sizes[page] = "too slow"

    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(weigh(page))
    return sizes


def main(pages):
    return asyncio.run(weigh_all(pages))
