// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { createTask, currentTask, getRunningLoop, sleep } from "../../mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";

// The smallest programs in which no rule can tell the lines of a task apart, and what the library does there. A
// function that runs as a task of its own has none of this.

/** Something of the platform that nothing interrupts. */
function foreign(seconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  getRunningLoop().callLater(seconds, resolve);
  return promise;
}

/** Something of the platform that fails when a signal aborts. */
function obedient(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason))
  );
}

/** Runs a body as a task that is cancelled after a second; returns which sleeps were cancelled, and when. */
async function cancelled(
  body: (nap: (name: string, seconds: number) => Promise<void>) => unknown,
): Promise<string[]> {
  const struck: string[] = [];
  const nap = async (name: string, seconds: number) => {
    try {
      await sleep(seconds);
    } catch (error) {
      struck.push(`${name} at ${getRunningLoop().time()}`);
      throw error;
    }
  };
  const task = createTask(async () => void await body(nap));
  getRunningLoop().callLater(1, () => task.cancel());
  await task.catch(() => {});
  return struck;
}

function test(name: string, body: () => Promise<void>): void {
  Deno.test(name, inVirtualTime(body, { patience: 0 }));
}

test(
  "A call that is not awaited and swallows its cancellation absorbs the request of its caller",
  async () => {
    const struck = await cancelled(async (nap) => {
      nap("call", 9).catch(() => {});
      await foreign(2);
      await nap("caller", 1);
    });
    assertEquals(struck, ["call at 1"]);
  },
);

test(
  "A clean-up that awaits the platform first is taken for what comes back before it, and cancelled again",
  async () => {
    const struck = await cancelled((nap) =>
      Promise.allSettled([
        nap("first", 9).finally(async () => {
          await foreign(2);
          await nap("clean-up", 1);
        }),
        (async () => {
          await foreign(1.5);
          await nap("second", 9);
        })(),
      ])
    );
    assertEquals(struck, ["first at 1", "clean-up at 3"]);
  },
);

test(
  "Clean-ups that run concurrently and await the platform first are cancelled again, but for one",
  async () => {
    const struck = await cancelled(async (nap) => {
      const cleanUp = async (name: string, seconds: number) => {
        await foreign(seconds);
        await nap(name, 1);
      };
      try {
        await nap("body", 9);
      } finally {
        await Promise.allSettled([cleanUp("one", 1), cleanUp("two", 1.5)]);
      }
    });
    assertEquals(struck, ["body at 1", "two at 2.5"]);
  },
);

test(
  "A clean-up that awaits the platform first, after a signal was obeyed, is cancelled again",
  async () => {
    const struck = await cancelled(async (nap) => {
      try {
        await obedient(currentTask()!.signal);
      } finally {
        await foreign(1);
        await nap("clean-up", 1);
      }
    });
    assertEquals(struck, ["clean-up at 2"]);
  },
);
