# Copyright 2026 the asyncio for Deno authors. MIT license.

import trio

from pages import LIMIT, download


async def weigh_all(pages):
    """Downloads all pages, two at a time, each within a limit."""
    sizes = {}
    limit = trio.CapacityLimiter(2)

    async def weigh(page):
        async with limit:
            sizes[page] = "too slow"
            with trio.move_on_after(LIMIT):
                sizes[page] = await download(page, trio.sleep)

    async with trio.open_nursery() as nursery:
        for page in pages:
            nursery.start_soon(weigh, page)
    return sizes


def main(pages):
    return trio.run(weigh_all, pages)
