// Copyright 2026 the asyncio for Deno authors. MIT license.

// Tests of the service, in virtual time and on a network in memory:
//
//   deno test examples/tutorial/step8_test.ts

import {
  createTask,
  getRunningLoop,
  openConnection,
  sleep,
} from "@asyncio/asyncio";
import { inVirtualTime, MemoryNetwork } from "@asyncio/asyncio/testing";
import { assertEquals } from "@std/assert";
import { serve } from "./step7.ts";

/** Takes a second, as a slow page does. */
async function pretend(_url: string): Promise<string> {
  await sleep(1);
  return "42 bytes";
}

/** Asks the service about one page. */
async function ask(url: string): Promise<string> {
  const [reader, writer] = await openConnection("service", 8000);
  await using _ = writer;
  writer.write(`${url}\n`);
  return new TextDecoder().decode(await reader.readLine());
}

const network = new MemoryNetwork();

Deno.test(
  "The service works on three pages at a time",
  inVirtualTime(async () => {
    const loop = getRunningLoop();
    const service = createTask(() =>
      network.at("service", () => serve("service", 8000, pretend))
    );
    await sleep(0.1); // the service starts

    const start = loop.time();
    const clients = ["a", "b", "c", "d"].map((url) =>
      createTask(() => network.at("client", () => ask(url)))
    );
    assertEquals(await clients[0], "42 bytes: a\n");
    assertEquals(await clients[3], "42 bytes: d\n");
    assertEquals(Math.round(loop.time() - start), 2);

    service.cancel();
    await service.catch(() => {});
  }, { network }),
);

Deno.test(
  "The service answers a client before it ends",
  inVirtualTime(async () => {
    const service = createTask(() =>
      network.at("service", () => serve("service", 8000, pretend))
    );
    await sleep(0.1);
    const client = createTask(() => network.at("client", () => ask("a")));
    await sleep(0.5); // half of the second that the page takes

    service.cancel();
    assertEquals(await client, "42 bytes: a\n");
    await service.catch(() => {});
    assertEquals(service.cancelled(), true);
  }, { network }),
);
