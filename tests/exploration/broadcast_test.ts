// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  Broadcast,
  createTask,
  QueueFull,
  QueueShutDown,
  sleep,
  type Subscription,
  Watched,
} from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { assertHeeded, assertSound, ended } from "./exploring.ts";

/** Reads a subscription to its end. */
async function readAll(
  subscription: Subscription<number>,
  got: number[],
): Promise<void> {
  for await (const item of subscription) {
    got.push(item);
    await sleep(0);
  }
}

for (const maxSize of [0, 1, 2]) {
  Deno.test(`Broadcast(${maxSize}) gives every item to all subscribers, in any order of events`, () =>
    assertSound(async (trial) => {
      const broadcast = new Broadcast<number>({ maxSize });
      const published: number[] = [];
      const publisher = (...items: number[]) =>
        createTask(async () => {
          for (const item of items) {
            await broadcast.publish(item);
            published.push(item);
          }
        });
      const logs: number[][] = [[], []];
      const readers = logs.map((got) => {
        const subscription = broadcast.subscribe();
        return createTask(() => readAll(subscription, got));
      });
      const publishers = [publisher(1, 2), publisher(11, 12)];
      trial.mayCancel(publishers[0]!);
      await ended(publishers);
      publishers.forEach(assertHeeded);
      broadcast.shutdown();
      await ended(readers);
      for (const got of logs) assertEquals(got, published);
    }));

  Deno.test(`Broadcast(${maxSize}) is not held up by a subscriber that leaves, in any order of events`, () =>
    assertSound(async (trial) => {
      const broadcast = new Broadcast<number>({ maxSize });
      const leaving = broadcast.subscribe();
      const staying = broadcast.subscribe();
      const got: number[] = [];
      const reader = createTask(() => readAll(staying, got));
      const leaver = createTask(async () => {
        for await (const item of leaving) if (item === 2) break;
      });
      leaver.addDoneCallback(() => leaving.close());
      trial.mayCancel(leaver);
      const publisher = createTask(async () => {
        for (const item of [1, 2, 3, 4]) await broadcast.publish(item);
        broadcast.shutdown();
      });
      await ended([leaver, publisher, reader]);
      assertEquals(got, [1, 2, 3, 4]);
      assertEquals(String(broadcast), "<Broadcast subscribers=0 shutdown>");
    }));
}

Deno.test("Broadcast with slow: fail fails only the slow, in any order of events", () =>
  assertSound(async () => {
    const broadcast = new Broadcast<number>({ maxSize: 1, slow: "fail" });
    const outcomes = [0, 1].map(() => {
      const subscription = broadcast.subscribe();
      const got: number[] = [];
      return createTask(async () => {
        try {
          await readAll(subscription, got);
          assertEquals(got, [1, 2, 3]);
        } catch (error) {
          assert(error instanceof QueueFull);
          assertEquals(got, [1, 2, 3].slice(0, got.length));
        }
      });
    });
    const publisher = createTask(async () => {
      for (const item of [1, 2, 3]) {
        await broadcast.publish(item);
        await sleep(0);
      }
      broadcast.shutdown();
    });
    await ended([publisher, ...outcomes]);
  }));

Deno.test("Broadcast stays consistent when a task that publishes or reads is cancelled at any await", async () => {
  for (const role of ["publisher", "reader"] as const) {
    const awaits = await cancelEverywhere(() => {
      const broadcast = new Broadcast<number>({ maxSize: 1 });
      const published: number[] = [];
      const got: number[] = [];
      const own: number[] = [];
      const subscription = broadcast.subscribe();
      const publish = async () => {
        for (const item of [1, 2, 3]) {
          await broadcast.publish(item);
          published.push(item);
        }
      };
      const read = async () => {
        using other = broadcast.subscribe();
        await readAll(other, own);
      };
      return {
        body: role === "publisher" ? publish : read,
        meanwhile: async () => {
          const tasks = [
            createTask(() => readAll(subscription, got)),
            createTask(role === "publisher" ? read : publish),
          ];
          await sleep(10);
          broadcast.shutdown();
          await ended(tasks);
        },
        check: () => {
          assertEquals(got, published);
          assert(published.join().includes(own.join()));
          assertEquals(broadcast.subscribers, 0);
        },
      };
    });
    assert(awaits >= 2);
  }
});

Deno.test("Watched gives every watcher the newest value, in any order of events", () =>
  assertSound(async (trial) => {
    const watched = new Watched(0);
    const logs: number[][] = [[], []];
    const watchers = logs.map((log) =>
      createTask(async () => {
        for await (const each of watched) {
          log.push(each);
          await sleep(0);
        }
      })
    );
    const change = trial.mayCancel(
      createTask(async () => {
        try {
          assert(await watched.changed() > 0);
        } catch (error) {
          if (!(error instanceof QueueShutDown)) throw error;
        }
      }),
    );
    const setter = createTask(async () => {
      for (const value of [1, 2, 3]) {
        watched.set(value);
        await sleep(0);
      }
      await sleep(1);
      watched.shutdown();
    });
    await ended([setter, change, ...watchers]);
    for (const log of logs) {
      assertEquals(log, [...new Set(log)].sort());
      assertEquals(log.at(-1), 3);
    }
    assertEquals(String(watched), "<Watched watchers=0 shutdown>");
  }));
