// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { CancelledError, RuntimeError, type Task } from "../loop/mod.ts";
import { createTask, run, sleep } from "../tasks/mod.ts";
import { QueueEmpty, QueueShutDown } from "./errors.ts";
import { Broadcast, type Subscription } from "./mod.ts";

/** A task that gets an item and logs it. */
function getter(
  subscription: Subscription<string>,
  name: string,
  log: string[],
): Task<void> {
  return createTask(async () => {
    log.push(`${name} got ${await subscription.get()}`);
  });
}

Deno.test("Subscription.get() does not yield if an item is there", () =>
  run(async () => {
    const broadcast = new Broadcast<number>();
    const subscription = broadcast.subscribe();
    broadcast.publishNowait(1);
    let ran = false;
    createTask(() => ran = true);
    assertEquals(await subscription.get(), 1);
    assertFalse(ran);
  }));

Deno.test("Subscription.get() gives items to waiting tasks in FIFO order", () =>
  run(async () => {
    const broadcast = new Broadcast<string>();
    const subscription = broadcast.subscribe();
    const log: string[] = [];
    getter(subscription, "first", log);
    getter(subscription, "second", log);
    await sleep(0);
    broadcast.publishNowait("a");
    broadcast.publishNowait("b");
    await sleep(0);
    assertEquals(log, ["first got a", "second got b"]);
  }));

Deno.test("Subscription.get() that is cancelled leaves its item to the next task", () =>
  run(async () => {
    const broadcast = new Broadcast<string>();
    const subscription = broadcast.subscribe();
    const log: string[] = [];
    const waiting = getter(subscription, "first", log);
    const woken = getter(subscription, "second", log);
    getter(subscription, "third", log);
    await sleep(0);
    waiting.cancel();
    await assertRejects(() => waiting, CancelledError);
    broadcast.publishNowait("a");
    woken.cancel();
    await assertRejects(() => woken, CancelledError);
    await sleep(0);
    assertEquals(log, ["third got a"]);
    assertEquals(subscription.qsize(), 0);
  }));

Deno.test("Subscription.getNowait() throws QueueEmpty if there is no item", () => {
  const broadcast = new Broadcast<number>();
  const subscription = broadcast.subscribe();
  assertThrows(
    () => subscription.getNowait(),
    QueueEmpty,
    "Cannot get from the subscription as it is empty",
  );
  broadcast.shutdown();
  assertThrows(() => subscription.getNowait(), QueueShutDown);
});

Deno.test("Subscription.close() drops the items and ends waiting tasks", () =>
  run(async () => {
    const broadcast = new Broadcast<string>();
    const left = broadcast.subscribe();
    broadcast.publishNowait("a");
    const read = broadcast.subscribe();
    const get = getter(read, "task", []);
    await sleep(0);
    left.close();
    read.close();
    read.close();
    const message = "Cannot get from the subscription as it is closed";
    await assertRejects(() => get, QueueShutDown, message);
    await assertRejects(() => left.get(), QueueShutDown, message);
    assertEquals([left.qsize(), broadcast.subscribers], [0, 0]);
  }));

Deno.test("Subscription.close() lets publishers that waited for it continue", () =>
  run(async () => {
    const broadcast = new Broadcast<string>({ maxSize: 1 });
    const slow = broadcast.subscribe();
    broadcast.publishNowait("a");
    const fast = broadcast.subscribe();
    const publication = createTask(() => broadcast.publish("b"));
    await sleep(0);
    assertFalse(publication.done());
    slow.close();
    await publication;
    assertEquals(await fast.get(), "b");
  }));

Deno.test("Subscription is closed at the end of its block", () => {
  const broadcast = new Broadcast<number>();
  {
    using subscription = broadcast.subscribe();
    assert(subscription.qsize() === 0);
    assertEquals(broadcast.subscribers, 1);
  }
  assertEquals(broadcast.subscribers, 0);
});

Deno.test("Subscription iterates until the broadcast is shut down", () =>
  run(async () => {
    const broadcast = new Broadcast<number>();
    const subscription = broadcast.subscribe();
    const got: number[] = [];
    const reader = createTask(async () => {
      for await (const item of subscription) got.push(item);
    });
    for (const item of [1, 2]) {
      await broadcast.publish(item);
      await sleep(0);
    }
    broadcast.publishNowait(3);
    broadcast.shutdown();
    await reader;
    assertEquals(got, [1, 2, 3]);
  }));

Deno.test("Subscription ends an iteration when another task closes it", () =>
  run(async () => {
    const subscription = new Broadcast<number>().subscribe();
    const reader = createTask(async () => {
      for await (const _ of subscription);
    });
    await sleep(0);
    subscription.close();
    await reader;
  }));

Deno.test("Subscription is closed when a loop over it is left in any way", async () => {
  const leave: ((subscription: Subscription<number>) => Promise<void>)[] = [
    async (subscription) => {
      for await (const _ of subscription) break;
    },
    async (subscription) => {
      for await (const _ of subscription) throw new Error("left");
    },
    async (subscription) => {
      for await (const _ of subscription) return;
    },
  ];
  for (const each of leave) {
    const broadcast = new Broadcast<number>();
    const subscription = broadcast.subscribe();
    broadcast.publishNowait(1);
    await each(subscription).catch(() => {});
    assertEquals(broadcast.subscribers, 0);
  }
});

Deno.test("Subscription is closed when a loop over it is cancelled", () =>
  run(async () => {
    for (const isWoken of [false, true]) {
      const broadcast = new Broadcast<number>({ maxSize: 1 });
      const reader = createTask(async () => {
        for await (const _ of broadcast);
      });
      await sleep(0);
      if (isWoken) broadcast.publishNowait(1);
      reader.cancel();
      await assertRejects(() => reader, CancelledError);
      assertEquals(broadcast.subscribers, 0);
      await broadcast.publish(2);
    }
  }));

Deno.test("Subscription.get() fails if it has to wait in another loop", async () => {
  const subscription = new Broadcast<string>().subscribe();
  await run(async () => {
    const get = getter(subscription, "task", []);
    await sleep(0);
    get.cancel();
    await assertRejects(() => get, CancelledError);
  });
  await assertRejects(
    () => subscription.get(),
    RuntimeError,
    "Cannot wait for the subscription as it is bound to another event loop",
  );
});

Deno.test("Subscription describes itself", () => {
  const broadcast = new Broadcast<number>({ maxSize: 1, slow: "drop" });
  const subscription = broadcast.subscribe();
  broadcast.publishNowait(1);
  assertEquals(Deno.inspect(subscription), "<Subscription size=1>");
  broadcast.publishNowait(2);
  assertEquals(String(subscription), "<Subscription size=1 dropped=1>");
  subscription.close();
  assertEquals(String(subscription), "<Subscription size=0 dropped=1 closed>");
});
