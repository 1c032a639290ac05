// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  type Future,
  RuntimeError,
  type Task,
} from "../loop/mod.ts";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { QueueFull, QueueShutDown } from "./errors.ts";
import { Broadcast, type Subscription } from "./mod.ts";

/** A task that publishes an item and logs it. */
function publisher(
  broadcast: Broadcast<string>,
  item: string,
  log: string[],
): Task<void> {
  return createTask(async () => {
    await broadcast.publish(item);
    log.push(item);
  });
}

function drain<T>(subscription: Subscription<T>): T[] {
  const items: T[] = [];
  while (subscription.qsize() > 0) items.push(subscription.getNowait());
  return items;
}

Deno.test("Broadcast() checks its options", () => {
  assertThrows(
    () => new Broadcast({ maxSize: -1 }),
    RangeError,
    "The maxSize option must be an integer of at least 0: received -1",
  );
  assertThrows(
    () => new Broadcast({ maxSize: "1" as unknown as number }),
    TypeError,
    'The maxSize option must be an integer: received "1"',
  );
  assertThrows(
    () => new Broadcast({ slow: "block" as "wait" }),
    RangeError,
    'The slow option must be "wait", "drop" or "fail": received "block"',
  );
  new Broadcast({ maxSize: Infinity });
});

Deno.test("Broadcast gives every subscriber what is published from then on", async () => {
  const broadcast = new Broadcast<number>();
  await broadcast.publish(1);
  const first = broadcast.subscribe();
  await broadcast.publish(2);
  const second = broadcast.subscribe();
  broadcast.publishNowait(3);
  assertEquals(broadcast.subscribers, 2);
  assertEquals(drain(first), [2, 3]);
  assertEquals(drain(second), [3]);
});

Deno.test("Broadcast.publish() does not yield while all subscribers have room", () =>
  run(async () => {
    const broadcast = new Broadcast<number>({ maxSize: 1 });
    using subscription = broadcast.subscribe();
    let ran = false;
    createTask(() => ran = true);
    await broadcast.publish(1);
    assertFalse(ran);
    assertEquals(subscription.qsize(), 1);
  }));

Deno.test("Broadcast.publish() waits until the slowest subscriber has room", () =>
  run(async () => {
    const broadcast = new Broadcast<string>({ maxSize: 1 });
    using slow = broadcast.subscribe();
    using fast = broadcast.subscribe();
    const log: string[] = [];
    await broadcast.publish("a");
    publisher(broadcast, "b", log);
    await sleep(0);
    fast.getNowait();
    await sleep(0);
    assertEquals([log, fast.qsize()], [[], 0]);
    slow.getNowait();
    await sleep(0);
    assertEquals([log, drain(slow), drain(fast)], [["b"], ["b"], ["b"]]);
  }));

Deno.test("Broadcast.publish() is served in FIFO order", () =>
  run(async () => {
    const broadcast = new Broadcast<string>({ maxSize: 1 });
    using subscription = broadcast.subscribe();
    const log: string[] = [];
    for (const item of ["a", "b", "c"]) publisher(broadcast, item, log);
    await sleep(0);
    const got: string[] = [];
    let late: Future<void> | null = null;
    for (let i = 0; i < 3; i++) {
      got.push(subscription.getNowait());
      // "b" was woken and has not run; what is published now has to queue behind it and "c".
      if (i === 0) late = broadcast.publish("d");
      await sleep(0);
    }
    got.push(await subscription.get());
    await late;
    assertEquals(got, ["a", "b", "c", "d"]);
    assertEquals(log, ["a", "b", "c"]);
  }));

Deno.test("Broadcast.publish() keeps its place when publishNowait() takes the room", () =>
  run(async () => {
    const broadcast = new Broadcast<string>({ maxSize: 1 });
    using subscription = broadcast.subscribe();
    const log: string[] = [];
    for (const item of ["a", "b", "c"]) publisher(broadcast, item, log);
    await sleep(0);
    subscription.getNowait();
    broadcast.publishNowait("x");
    await sleep(0);
    assertEquals([log, drain(subscription)], [["a"], ["x"]]);
    await sleep(0);
    assertEquals([log, drain(subscription)], [["a", "b"], ["b"]]);
  }));

Deno.test("Broadcast.publish() that is cancelled gives its item to no subscriber", () =>
  run(async () => {
    const broadcast = new Broadcast<string>({ maxSize: 1 });
    using subscription = broadcast.subscribe();
    const log: string[] = [];
    broadcast.publishNowait("a");
    const waiting = publisher(broadcast, "b", log);
    const woken = publisher(broadcast, "c", log);
    publisher(broadcast, "d", log);
    await sleep(0);
    waiting.cancel();
    await assertRejects(() => waiting, CancelledError);
    assertEquals(subscription.getNowait(), "a");
    // Its turn has not come yet.
    woken.cancel();
    await assertRejects(() => woken, CancelledError);
    assertEquals([log, await subscription.get()], [["d"], "d"]);
  }));

Deno.test("Broadcast.publishNowait() gives the item to all subscribers or to none", () => {
  const broadcast = new Broadcast<number>({ maxSize: 1 });
  const full = broadcast.subscribe();
  broadcast.publishNowait(1);
  const empty = broadcast.subscribe();
  assertThrows(
    () => broadcast.publishNowait(2),
    QueueFull,
    "Cannot publish the item as a subscriber has no room: the maxSize of the broadcast is 1",
  );
  assertEquals([drain(full), drain(empty)], [[1], []]);
  broadcast.publishNowait(3);
  assertEquals([drain(full), drain(empty)], [[3], [3]]);
});

Deno.test("Broadcast with slow: drop drops the oldest item, and counts", async () => {
  const broadcast = new Broadcast<number>({ maxSize: 2, slow: "drop" });
  const slow = broadcast.subscribe();
  const fast = broadcast.subscribe();
  for (const item of [1, 2, 3, 4]) {
    await broadcast.publish(item);
    assertEquals(await fast.get(), item);
  }
  assertEquals([slow.dropped, fast.dropped], [2, 0]);
  assertEquals(drain(slow), [3, 4]);
});

Deno.test("Broadcast with slow: fail gives a slow subscriber what it has, then QueueFull", async () => {
  const broadcast = new Broadcast<number>({ maxSize: 1, slow: "fail" });
  const slow = broadcast.subscribe();
  const fast = broadcast.subscribe();
  for (const item of [1, 2, 3]) {
    await broadcast.publish(item);
    assertEquals(await fast.get(), item);
  }
  assertEquals(broadcast.subscribers, 1);
  assertEquals(await slow.get(), 1);
  const message =
    "Cannot get from the subscription as it was too slow: its maxSize is 1";
  await assertRejects(() => slow.get(), QueueFull, message);
  assertThrows(() => slow.getNowait(), QueueFull, message);
  await assertRejects(async () => {
    for await (const _ of slow);
  }, QueueFull);
});

Deno.test("Broadcast.shutdown() ends publishers at once and subscribers after their items", () =>
  run(async () => {
    const broadcast = new Broadcast<string>({ maxSize: 1 });
    const full = broadcast.subscribe();
    await broadcast.publish("a");
    const empty = broadcast.subscribe();
    const publication = publisher(broadcast, "b", []);
    const get = createTask(() => empty.get());
    await sleep(0);
    broadcast.shutdown();
    broadcast.shutdown();
    await assertRejects(
      () => publication,
      QueueShutDown,
      "Cannot publish the item as the broadcast is shut down",
    );
    await assertRejects(
      () => get,
      QueueShutDown,
      "Cannot get from the subscription as it is shut down",
    );
    assertEquals(await full.get(), "a");
    await assertRejects(() => full.get(), QueueShutDown);
    await assertRejects(() => broadcast.publish("c"), QueueShutDown);
    assertThrows(() => broadcast.publishNowait("c"), QueueShutDown);
    assertThrows(
      () => broadcast.subscribe(),
      QueueShutDown,
      "Cannot subscribe to the broadcast as it is shut down",
    );
    assertEquals(broadcast.subscribers, 0);
  }));

Deno.test("Broadcast is shut down at the end of its block", async () => {
  let subscription: Subscription<number>;
  {
    using broadcast = new Broadcast<number>();
    subscription = broadcast.subscribe();
    broadcast.publishNowait(1);
  }
  const got: number[] = [];
  for await (const item of subscription) got.push(item);
  assertEquals(got, [1]);
});

Deno.test("Broadcast iterates from the call on, and unsubscribes when the loop is left", async () => {
  const broadcast = new Broadcast<number>();
  const iterator = broadcast[Symbol.asyncIterator]();
  broadcast.publishNowait(1);
  broadcast.publishNowait(2);
  for await (const item of iterator) {
    assertEquals(item, 1);
    break;
  }
  assertEquals(broadcast.subscribers, 0);
});

Deno.test("Broadcast.publish() fails if it has to wait in another loop", async () => {
  const broadcast = new Broadcast<string>({ maxSize: 1 });
  const subscription = broadcast.subscribe();
  await run(async () => {
    broadcast.publishNowait("a");
    const publication = publisher(broadcast, "b", []);
    await sleep(0);
    publication.cancel();
    await assertRejects(() => publication, CancelledError);
  });
  await assertRejects(
    () => broadcast.publish("c"),
    RuntimeError,
    "Cannot wait for the broadcast as it is bound to another event loop",
  );
  subscription.close();
  await broadcast.publish("d");
});

Deno.test("Broadcast describes itself", () =>
  run(async () => {
    const broadcast = new Broadcast<string>({ maxSize: 1 });
    assertEquals(String(broadcast), "<Broadcast subscribers=0>");
    using _ = broadcast.subscribe();
    broadcast.publishNowait("a");
    const publication = publisher(broadcast, "b", []);
    await sleep(0);
    assertEquals(
      Deno.inspect(broadcast),
      "<Broadcast subscribers=1 publishers=1>",
    );
    broadcast.shutdown();
    await assertRejects(() => publication, QueueShutDown);
    assertEquals(String(broadcast), "<Broadcast subscribers=0 shutdown>");
  }));

Deno.test("Broadcast forgets subscriptions that are closed", () => {
  const broadcast = new Broadcast<number>({ maxSize: 1 });
  for (let i = 0; i < 1000; i++) {
    using _ = broadcast.subscribe();
    broadcast.publishNowait(i);
  }
  assertEquals(broadcast.subscribers, 0);
  broadcast.publishNowait(1);
  assert(String(broadcast).includes("subscribers=0"));
});
