// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../loop/mod.ts";
import { Queue } from "../../queues/mod.ts";
import { Barrier, Condition, Event, Lock, Semaphore } from "../../sync/mod.ts";
import { createTask, sleep } from "../../tasks/mod.ts";
import { testOrder } from "./order.ts";

/** How a task waits, and what lets the next one go on. */
interface Waiting {
  wait(): PromiseLike<unknown>;
  wake(): unknown;
}

const KINDS: Record<string, { prepare: () => Waiting; expected: string[] }> = {
  get: {
    prepare() {
      const queue = new Queue<number>();
      return { wait: () => queue.get(), wake: () => queue.putNowait(0) };
    },
    expected: [
      "before 0: -a | b | c | d | e |",
      "before 1: -b | a | c | d | e |",
      "before 2: -c | a | b | d | e |",
      "before 3: -d | a | b | c | e |",
      "just before 0: -a b | c | d | e | |",
      "just before 1: -b a | c | d | e | |",
      "just before 2: -c a | b | d | e | |",
      "just before 3: -d a | b | c | e | |",
      "after 0: -a b e | d | c | | |",
      "after 1: a -b e | d | c | | |",
      "after 2: a b -c | d | e | | |",
      "after 3: a b -d | c | e | | |",
      "later 0: a b | c | d | e | |",
      "later 1: a b | c | d | e | |",
      "later 2: a b -c | d | e | | |",
      "later 3: a b -d | c | e | | |",
    ],
  },
  put: {
    prepare() {
      const queue = new Queue<number>(1);
      queue.putNowait(0);
      return {
        wait: () => queue.put(0),
        wake: () => queue.empty() || queue.getNowait(),
      };
    },
    expected: [
      "before 0: -a | b | c | d | e |",
      "before 1: -b | a | c | d | e |",
      "before 2: -c | a | b | d | e |",
      "before 3: -d | a | b | c | e |",
      "just before 0: -a b | c | d | e | |",
      "just before 1: -b a | c | d | e | |",
      "just before 2: -c a | b | d | e | |",
      "just before 3: -d a | b | c | e | |",
      "after 0: -a e | c | d | b | |",
      "after 1: a -b | c | d | e | |",
      "after 2: a -c | b | d | e | |",
      "after 3: a -d | b | c | e | |",
      "later 0: a | b | c | d | e |",
      "later 1: a -b | c | d | e | |",
      "later 2: a -c | b | d | e | |",
      "later 3: a -d | b | c | e | |",
    ],
  },
  join: {
    prepare() {
      const queue = new Queue<number>();
      queue.putNowait(0);
      let isDone = false;
      return {
        wait: () => queue.join(),
        wake() {
          if (!isDone) queue.taskDone();
          isDone = true;
        },
      };
    },
    expected: [
      "before 0: -a | b c d e | | | |",
      "before 1: -b | a c d e | | | |",
      "before 2: -c | a b d e | | | |",
      "before 3: -d | a b c e | | | |",
      "just before 0: -a b c d e | | | | |",
      "just before 1: -b a c d e | | | | |",
      "just before 2: -c a b d e | | | | |",
      "just before 3: -d a b c e | | | | |",
      "after 0: -a b c d e | | | | |",
      "after 1: a -b c d e | | | | |",
      "after 2: a b -c d e | | | | |",
      "after 3: a b c -d e | | | | |",
      "later 0: a b c d e | | | | |",
      "later 1: a b c d e | | | | |",
      "later 2: a b c d e | | | | |",
      "later 3: a b c d e | | | | |",
    ],
  },
  lock: {
    prepare() {
      const lock = new Lock();
      lock.acquire();
      return {
        wait: () => lock.acquire(),
        wake: () => lock.locked() && lock.release(),
      };
    },
    expected: [
      "before 0: -a | b | c | d | e |",
      "before 1: -b | a | c | d | e |",
      "before 2: -c | a | b | d | e |",
      "before 3: -d | a | b | c | e |",
      "just before 0: -a b | c | d | e | |",
      "just before 1: -b a | c | d | e | |",
      "just before 2: -c a | b | d | e | |",
      "just before 3: -d a | b | c | e | |",
      "after 0: -a b | c | d | e | |",
      "after 1: a -b | c | d | e | |",
      "after 2: a -c | b | d | e | |",
      "after 3: a -d | b | c | e | |",
      "later 0: a | b | c | d | e |",
      "later 1: a -b | c | d | e | |",
      "later 2: a -c | b | d | e | |",
      "later 3: a -d | b | c | e | |",
    ],
  },
  semaphore: {
    prepare() {
      const semaphore = new Semaphore(0);
      return {
        wait: () => semaphore.acquire(),
        wake: () => semaphore.release(),
      };
    },
    expected: [
      "before 0: -a | b | c | d | e |",
      "before 1: -b | a | c | d | e |",
      "before 2: -c | a | b | d | e |",
      "before 3: -d | a | b | c | e |",
      "just before 0: -a b | c | d | e | |",
      "just before 1: -b a | c | d | e | |",
      "just before 2: -c a | b | d | e | |",
      "just before 3: -d a | b | c | e | |",
      "after 0: -a b c | d | e | | |",
      "after 1: a -b c | d | e | | |",
      "after 2: a b -c | d | e | | |",
      "after 3: a b -d | c | e | | |",
      "later 0: a b | c | d | e | |",
      "later 1: a b | c | d | e | |",
      "later 2: a b -c | d | e | | |",
      "later 3: a b -d | c | e | | |",
    ],
  },
  event: {
    prepare() {
      const event = new Event();
      return { wait: () => event.wait(), wake: () => event.set() };
    },
    expected: [
      "before 0: -a | b c d e | | | |",
      "before 1: -b | a c d e | | | |",
      "before 2: -c | a b d e | | | |",
      "before 3: -d | a b c e | | | |",
      "just before 0: -a b c d e | | | | |",
      "just before 1: -b a c d e | | | | |",
      "just before 2: -c a b d e | | | | |",
      "just before 3: -d a b c e | | | | |",
      "after 0: -a b c d e | | | | |",
      "after 1: a -b c d e | | | | |",
      "after 2: a b -c d e | | | | |",
      "after 3: a b c -d e | | | | |",
      "later 0: a b c d e | | | | |",
      "later 1: a b c d e | | | | |",
      "later 2: a b c d e | | | | |",
      "later 3: a b c d e | | | | |",
    ],
  },
  barrier: {
    prepare() {
      const barrier = new Barrier(5);
      return {
        wait: () => barrier.wait(),
        wake: () => createTask(() => barrier.wait()),
      };
    },
    expected: [
      "before 0: -a | c d e b | | | |",
      "before 1: -b | c d e a | | | |",
      "before 2: -c | b d e a | | | |",
      "before 3: -d | b c e a | | | |",
      "just before 0: -a e b c d | | | | |",
      "just before 1: -b e a c d | | | | |",
      "just before 2: -c e a b d | | | | |",
      "just before 3: -d e a b c | | | | |",
      "after 0: -a b c d | | | e | |",
      "after 1: -b a c d | | | e | |",
      "after 2: -c a b d | | | e | |",
      "after 3: -d a b c | | | e | |",
      "later 0: -a b c d | | | e | |",
      "later 1: a -b c d | | | e | |",
      "later 2: a b -c d | | | e | |",
      "later 3: a b c -d | | | e | |",
    ],
  },
  condition: {
    prepare() {
      const condition = new Condition();
      async function wait() {
        await condition.acquire();
        try {
          await condition.wait();
        } finally {
          condition.release();
        }
      }
      async function notify() {
        await condition.acquire();
        condition.notify();
        condition.release();
      }
      return { wait, wake: () => createTask(notify) };
    },
    expected: [
      "before 0: -a b | c | d | e | |",
      "before 1: -b a | c | d | e | |",
      "before 2: -c a | b | d | e | |",
      "before 3: -d a | b | c | e | |",
      "just before 0: -a b c | d | e | | |",
      "just before 1: -b a c | d | e | | |",
      "just before 2: -c a b | d | e | | |",
      "just before 3: -d a b | c | e | | |",
      "after 0: -a b c d | e | | | |",
      "after 1: -b a c d | e | | | |",
      "after 2: -c a b d | e | | | |",
      "after 3: -d a b c | e | | | |",
      "later 0: -a b c | d | e | | |",
      "later 1: a -b c | d | e | | |",
      "later 2: a b -c d | e | | | |",
      "later 3: a b -d c | e | | | |",
    ],
  },
};

for (const [kind, { prepare, expected }] of Object.entries(KINDS)) {
  testOrder(`waiters_of_${kind}`, expected, async (log) => {
    for (const when of ["before", "just before", "after", "later"]) {
      for (let victim = 0; victim < 4; victim++) {
        const events: string[] = [];
        const { wait, wake } = prepare();

        const work = (name: string) => async () => {
          try {
            await wait();
            events.push(name);
          } catch (error) {
            if (!(error instanceof CancelledError)) throw error;
            events.push(`-${name}`);
          }
        };

        const tasks = ["a", "b", "c", "d"].map((each) =>
          createTask(work(each))
        );
        await sleep(0.01);
        if (when === "after" || when === "later") {
          wake();
          wake();
        }
        if (when === "later") await sleep(0);
        tasks[victim]!.cancel();
        if (when === "just before") wake();
        tasks.push(createTask(work("e")));
        for (let i = 0; i < 5; i++) {
          await sleep(0.01);
          events.push("|");
          wake();
        }
        log(`${when} ${victim}: ${events.join(" ")}`);
        await sleep(0.01);
        for (const task of tasks) task.cancel();
        await sleep(0.01);
      }
    }
  });
}
