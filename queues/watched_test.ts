// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CancelledError, RuntimeError, type Task } from "../loop/mod.ts";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { QueueShutDown } from "./errors.ts";
import { Watched } from "./mod.ts";

/** A task that logs what it sees until the value is shut down. */
function watcher(watched: Watched<number>, log: number[]): Task<void> {
  return createTask(async () => {
    for await (const each of watched) log.push(each);
  });
}

Deno.test("Watched.value is the newest value", () => {
  const watched = new Watched(1);
  assertEquals(watched.value, 1);
  watched.set(2);
  assertEquals(watched.value, 2);
});

Deno.test("Watched.changed() waits for the next set(), equal or not", () =>
  run(async () => {
    const watched = new Watched(1);
    watched.set(2);
    const change = createTask(() => watched.changed());
    await sleep(0);
    assertEquals(change.done(), false);
    watched.set(2);
    assertEquals(await change, 2);
  }));

Deno.test("Watched.changed() gives the newest value to all that wait", () =>
  run(async () => {
    const watched = new Watched(1);
    const changes = [1, 2].map(() => createTask(() => watched.changed()));
    await sleep(0);
    watched.set(2);
    watched.set(3);
    assertEquals([await changes[0], await changes[1]], [3, 3]);
  }));

Deno.test("Watched.changed() can be cancelled", () =>
  run(async () => {
    const watched = new Watched(1);
    const changes = [1, 2, 3].map(() => createTask(() => watched.changed()));
    await sleep(0);
    changes[0]!.cancel();
    await assertRejects(() => changes[0]!, CancelledError);
    watched.set(2);
    changes[1]!.cancel();
    await assertRejects(() => changes[1]!, CancelledError);
    assertEquals(await changes[2], 2);
    assertEquals(String(watched), "<Watched watchers=0>");
  }));

Deno.test("Watched iterates over the value now, then the newest after each set()", () =>
  run(async () => {
    const watched = new Watched(1);
    const seen: number[] = [];
    const reader = watcher(watched, seen);
    await sleep(0);
    watched.set(2);
    await sleep(0);
    watched.set(2);
    await sleep(0);
    watched.set(3);
    watched.set(4);
    watched.shutdown();
    await reader;
    assertEquals(seen, [1, 2, 2, 4]);
  }));

Deno.test("Watched.watch() misses no change between two gets, and counts what it skips", () =>
  run(async () => {
    const watched = new Watched(1);
    using subscription = watched.watch();
    assertEquals(subscription.qsize(), 1);
    assertEquals(await subscription.get(), 1);
    watched.set(2);
    watched.set(3);
    assertEquals(await subscription.get(), 3);
    assertEquals([subscription.qsize(), subscription.dropped], [0, 1]);
    const next = createTask(() => subscription.get());
    await sleep(0);
    watched.set(4);
    assertEquals(await next, 4);
  }));

Deno.test("Watched.watch() keeps the value of a get() that is cancelled", () =>
  run(async () => {
    const watched = new Watched(1);
    using subscription = watched.watch();
    subscription.getNowait();
    const get = createTask(() => subscription.get());
    await sleep(0);
    watched.set(2);
    get.cancel();
    await assertRejects(() => get, CancelledError);
    watched.set(3);
    assertEquals(await subscription.get(), 3);
  }));

Deno.test("Watched.shutdown() ends what waits, and lets the value be read", () =>
  run(async () => {
    const watched = new Watched(1);
    const change = createTask(() => watched.changed());
    using subscription = watched.watch();
    await sleep(0);
    watched.shutdown();
    watched.shutdown();
    const message = "Cannot wait for a change of the value as it is shut down";
    await assertRejects(() => change, QueueShutDown, message);
    await assertRejects(() => watched.changed(), QueueShutDown, message);
    assertThrows(
      () => watched.set(2),
      QueueShutDown,
      "Cannot set the value as it is shut down",
    );
    assertEquals(await subscription.get(), 1);
    await assertRejects(() => subscription.get(), QueueShutDown);
    assertEquals(watched.value, 1);
  }));

Deno.test("Watched gives a value that was set before shutdown() to those that wait", () =>
  run(async () => {
    const watched = new Watched(1);
    const change = createTask(() => watched.changed());
    await sleep(0);
    watched.set(2);
    watched.shutdown();
    assertEquals(await change, 2);
  }));

Deno.test("Watched that is shut down still gives its value to an iteration", async () => {
  const watched = new Watched(1);
  watched.shutdown();
  const seen: number[] = [];
  for await (const each of watched) seen.push(each);
  assertEquals(seen, [1]);
});

Deno.test("Watched is shut down at the end of its block", async () => {
  const seen: number[] = [];
  let iteration: AsyncIterable<number>;
  {
    using watched = new Watched(1);
    iteration = watched.watch();
  }
  for await (const each of iteration) seen.push(each);
  assertEquals(seen, [1]);
});

Deno.test("Watched forgets watchers that leave", async () => {
  const watched = new Watched(1);
  for await (const _ of watched) {
    assertEquals(String(watched), "<Watched watchers=1>");
    break;
  }
  for (let i = 0; i < 100; i++) watched.watch().close();
  assertEquals(Deno.inspect(watched), "<Watched watchers=0>");
  watched.shutdown();
  assertEquals(String(watched), "<Watched watchers=0 shutdown>");
});

Deno.test("Watched.changed() fails in another loop than that of the first wait", async () => {
  const watched = new Watched(1);
  await run(async () => {
    const change = createTask(() => watched.changed());
    await sleep(0);
    watched.set(2);
    await change;
  });
  await assertRejects(
    () => watched.changed(),
    RuntimeError,
    "Cannot wait for the watched value as it is bound to another event loop",
  );
});
