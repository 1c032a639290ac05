// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { createTask, currentTask, Event, sleep } from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import {
  assertFound,
  assertHeeded,
  assertSound,
  type Body,
  ended,
} from "./exploring.ts";
import { FickleEvent, LateEvent } from "./planted/forgetful_events.ts";

interface AnyEvent {
  set(): void;
  clear(): void;
  wait(): PromiseLike<unknown>;
}

/** Some wait for an event that comes once, whether they come before or after it. */
function waitingForOne(makeEvent: () => AnyEvent): Body {
  return async (trial) => {
    const event = makeEvent();
    const wait = async () => void await event.wait();
    const tasks = [
      createTask(wait),
      trial.mayCancel(createTask(wait)),
      createTask(() => event.set()),
      createTask(wait),
    ];
    await ended(tasks);
    tasks.forEach(assertHeeded);
  };
}

/** Some wait already when an event is set, and cleared a bit later. */
function waitingForPulse(makeEvent: () => AnyEvent): Body {
  return async (trial) => {
    const event = makeEvent();
    const waiting = new Set<unknown>();
    const tasks = [1, 2, 3].map(() =>
      createTask(async () => {
        waiting.add(currentTask());
        await event.wait();
      })
    );
    trial.mayCancel(tasks[0]!);
    while (tasks.some((task) => !waiting.has(task) && !task.done())) {
      await sleep(0);
    }
    event.set();
    await sleep(0);
    event.clear();
    await ended(tasks);
  };
}

Deno.test("Event wakes all waiters, in any order of events", () =>
  assertSound(waitingForOne(() => new Event())));

Deno.test("An event that is set between a look and a wait, and lost, is found", () =>
  assertFound(waitingForOne(() => new LateEvent()), { timeouts: false }));

Deno.test("Event.set() wakes its waiters even if cleared at once, in any order", () =>
  assertSound(waitingForPulse(() => new Event())));

Deno.test("explore() finds an event whose waiters check the flag again", () =>
  assertFound(waitingForPulse(() => new FickleEvent())));

Deno.test("Event stays consistent when a task that waits for it is cancelled at any await", async () => {
  const awaits = await cancelEverywhere(() => {
    const event = new Event();
    return {
      body: async () => {
        assertEquals(await event.wait(), true);
        await sleep(2);
        assertEquals(await event.wait(), true);
      },
      meanwhile: async () => {
        const other = createTask(() => event.wait());
        await sleep(1);
        event.set();
        await sleep(0);
        event.clear();
        await other;
        await sleep(5);
        event.set();
      },
      check: () => {
        assert(event.isSet());
        assertEquals(String(event), "<Event [set]>");
      },
    };
  });
  assertEquals(awaits, 3);
});
