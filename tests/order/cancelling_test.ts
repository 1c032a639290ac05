// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future, getRunningLoop, type Task } from "../../loop/mod.ts";
import {
  createTask,
  currentTask,
  gather,
  sleep,
  wait,
} from "../../tasks/mod.ts";
import { say, testOrder, ValueError } from "./order.ts";

testOrder(
  "cancelled_tree",
  [
    "bottom: stop, 1",
    "shared: stop, 2",
    "future",
    "flat: stop, 1",
    "root: stop, 1",
    "middle: stop, 1",
    "deep: stop, 1",
  ],
  async (log) => {
    const future = new Future<void>();
    future.addDoneCallback(() => log("future"));

    const task = (name: string, ...others: Future<unknown>[]) =>
      createTask(async () => {
        try {
          await (others.length > 0 ? gather(others) : sleep(1));
        } catch (error) {
          log(
            `${name}: ${(error as Error).message}, ${
              currentTask()!.cancelling()
            }`,
          );
          throw error;
        }
      });

    const shared = task("shared");
    const deep = task("deep", task("middle", task("bottom"), shared));
    const root = task("root", deep, future, task("flat"), shared);
    await sleep(0.1);
    root.cancel("stop");
    await wait([root]);
  },
);

testOrder(
  "cancelled_before_the_first_step",
  [
    "cancel: true",
    "cancelled yet: false",
    "done, cancelled: true",
    "CancelledError(early)",
    "cancel: false, cancelling 1",
  ],
  async (log) => {
    const task = createTask(() => log("never"));
    task.addDoneCallback(() => log(`done, cancelled: ${task.cancelled()}`));
    log(`cancel: ${task.cancel("early")}`);
    log(`cancelled yet: ${task.cancelled()}`);
    try {
      await task;
    } catch (error) {
      log(say(error));
    }
    log(`cancel: ${task.cancel()}, cancelling ${task.cancelling()}`);
  },
);

testOrder(
  "cancelled_at_an_await",
  [
    "waits",
    "has cancelled",
    "ready before",
    "catches CancelledError(stop)",
    "ready after",
    "has cleaned up",
    "main catches CancelledError(stop)",
    "cancelled: true, cancelling 1",
  ],
  async (log) => {
    const task = createTask(async () => {
      try {
        log("waits");
        await sleep(10);
      } catch (error) {
        log(`catches ${say(error)}`);
        throw error;
      } finally {
        await sleep(0);
        log("has cleaned up");
      }
    });
    await sleep(0);
    getRunningLoop().callSoon(log, "ready before");
    task.cancel("stop");
    getRunningLoop().callSoon(log, "ready after");
    log("has cancelled");
    try {
      await task;
    } catch (error) {
      log(`main catches ${say(error)}`);
    }
    log(`cancelled: ${task.cancelled()}, cancelling ${task.cancelling()}`);
  },
);

testOrder(
  "cancelled_between_wake_up_and_resumption",
  [
    "future: 1, false",
    "a catches CancelledError(late)",
    "b got 1",
    "c catches CancelledError(late too)",
    "cancelled: true false true",
  ],
  async (log) => {
    const future = new Future<number>();
    const failing = new Future<number>();

    async function work(name: string, awaited: Future<number>) {
      try {
        log(`${name} got ${await awaited}`);
      } catch (error) {
        log(`${name} catches ${say(error)}`);
        throw error;
      }
    }

    const a = createTask(() => work("a", future));
    const b = createTask(() => work("b", future));
    const c = createTask(() => work("c", failing));
    await sleep(0);
    future.setResult(1);
    failing.setException(new ValueError("lost"));
    a.cancel("late");
    c.cancel("late too");
    log(`future: ${future.result()}, ${future.cancelled()}`);
    await gather([a, b, c], { returnExceptions: true });
    log(`cancelled: ${a.cancelled()} ${b.cancelled()} ${c.cancelled()}`);
  },
);

testOrder(
  "cancels_itself",
  [
    "goes on",
    "catches CancelledError(self)",
    "goes on again",
    "at_next_await: cancelled false, cancelling 1",
    "at_its_end: cancelled true, cancelling 1",
    "got 1",
    "on_a_done_future: cancelled true, cancelling 1",
  ],
  async (log) => {
    const works = {
      async at_next_await() {
        currentTask()!.cancel("self");
        log("goes on");
        try {
          await sleep(0);
        } catch (error) {
          log(`catches ${say(error)}`);
        }
        await sleep(0);
        log("goes on again");
      },
      at_its_end() {
        currentTask()!.cancel("self");
        return Promise.resolve();
      },
      async on_a_done_future() {
        const done = new Future<number>();
        done.setResult(1);
        currentTask()!.cancel("self");
        log(`got ${await done}`);
        await sleep(0);
        log("never");
      },
    };
    for (const [name, work] of Object.entries(works)) {
      const task: Task<void> = createTask(work);
      await gather([task], { returnExceptions: true });
      log(
        `${name}: cancelled ${task.cancelled()}, cancelling ${task.cancelling()}`,
      );
    }
  },
);

testOrder(
  "cancellation_swallowed",
  [
    "swallows CancelledError(0), cancelling 1",
    "swallows CancelledError(1), cancelling 2",
    "swallows CancelledError(2), cancelling 3",
    "done",
    "cancelled: false, cancelling 3",
  ],
  async (log) => {
    const task = createTask(async () => {
      for (let i = 0; i < 3; i++) {
        try {
          await sleep(10);
        } catch (error) {
          log(
            `swallows ${say(error)}, cancelling ${currentTask()!.cancelling()}`,
          );
        }
      }
      await sleep(0);
      return "done";
    });
    await sleep(0);
    for (let i = 0; i < 3; i++) {
      task.cancel(`${i}`);
      await sleep(0);
    }
    log(await task);
    log(`cancelled: ${task.cancelled()}, cancelling ${task.cancelling()}`);
  },
);

testOrder(
  "cancelled_again_while_cleaning_up",
  ["cleans up", "cleans up again", "CancelledError(second)"],
  async (log) => {
    const task = createTask(async () => {
      try {
        await sleep(10);
      } finally {
        log("cleans up");
        try {
          await sleep(10);
          log("never");
        } finally {
          await sleep(0);
          log("cleans up again");
        }
      }
    });
    await sleep(0);
    task.cancel("first");
    await sleep(0);
    task.cancel("second");
    try {
      await task;
    } catch (error) {
      log(say(error));
    }
  },
);

testOrder(
  "uncancel",
  [
    "cancelling 2",
    "uncancel 1",
    "uncancel 0",
    "goes on",
    "catches CancelledError(again)",
    "uncancel 0",
    "uncancel 0",
  ],
  async (log) => {
    await createTask(async () => {
      const task = currentTask()!;
      task.cancel();
      task.cancel();
      log(`cancelling ${task.cancelling()}`);
      log(`uncancel ${task.uncancel()}`);
      log(`uncancel ${task.uncancel()}`);
      await sleep(0);
      log("goes on");
      task.cancel("again");
      try {
        await sleep(0);
      } catch (error) {
        log(`catches ${say(error)}`);
      }
      log(`uncancel ${task.uncancel()}`);
      log(`uncancel ${task.uncancel()}`);
    });
  },
);

testOrder(
  "cancelling_one_who_awaits_a_task",
  [
    "cancelling 1 1",
    "inner catches CancelledError(through)",
    "outer catches CancelledError(through)",
    "cancelled: true true",
    "cancelling 1 1",
    "inner catches CancelledError(through)",
    "outer got inner",
    "cancelled: false false",
  ],
  async (log) => {
    async function inner(swallows: boolean) {
      try {
        await sleep(10);
      } catch (error) {
        log(`inner catches ${say(error)}`);
        if (!swallows) throw error;
      }
      return "inner";
    }

    async function outer(task: Task<string>) {
      try {
        log(`outer got ${await task}`);
      } catch (error) {
        log(`outer catches ${say(error)}`);
        throw error;
      }
    }

    for (const swallows of [false, true]) {
      const child = createTask(() => inner(swallows));
      const parent = createTask(() => outer(child));
      await sleep(0);
      await sleep(0);
      parent.cancel("through");
      log(`cancelling ${parent.cancelling()} ${child.cancelling()}`);
      await gather([parent], { returnExceptions: true });
      log(`cancelled: ${parent.cancelled()} ${child.cancelled()}`);
    }
  },
);

testOrder(
  "cancelled_by_a_done_callback",
  ["catches CancelledError(by the callback)"],
  async (log) => {
    const future = new Future();
    const task = createTask(async () => {
      try {
        await future;
        log("never");
      } catch (error) {
        log(`catches ${say(error)}`);
      }
    });
    future.addDoneCallback(() => task.cancel("by the callback"));
    await sleep(0);
    future.setResult(1);
    await task;
  },
);
