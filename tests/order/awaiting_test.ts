// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  CancelledError,
  Future,
  getRunningLoop,
  newEventLoop,
} from "../../loop/mod.ts";
import { createTask, currentTask, gather, sleep } from "../../tasks/mod.ts";
import { say, testOrder, ValueError } from "./order.ts";

async function atDepth(
  depth: number,
  body: () => Promise<void>,
): Promise<void> {
  if (depth === 0) await body();
  else await atDepth(depth - 1, body);
}

testOrder(
  "awaits_of_different_depth",
  [
    "a0",
    "b0",
    "c0",
    "a1",
    "b1",
    "c1",
    "a2",
    "b2",
    "c2",
    "a ends",
    "b ends",
    "c ends",
  ],
  async (log) => {
    async function work(name: string, depth: number) {
      await atDepth(depth, async () => {
        for (let i = 0; i < 3; i++) {
          log(`${name}${i}`);
          await sleep(0);
        }
      });
      log(`${name} ends`);
    }

    await gather([() => work("a", 7), () => work("b", 0), () => work("c", 3)]);
  },
);

testOrder(
  "callbacks_between_steps",
  [
    "a1",
    "between a and b",
    "b1",
    "callback of a1",
    "a2",
    "callback of b1",
    "b2",
    "callback of a2",
    "a3",
    "callback of b2",
    "b3",
  ],
  async (log) => {
    const loop = getRunningLoop();

    async function work(name: string) {
      log(`${name}1`);
      loop.callSoon(log, `callback of ${name}1`);
      await sleep(0);
      log(`${name}2`);
      loop.callSoon(log, `callback of ${name}2`);
      await sleep(0);
      log(`${name}3`);
    }

    const a = createTask(() => work("a"));
    loop.callSoon(log, "between a and b");
    const b = createTask(() => work("b"));
    await a;
    await b;
  },
);

testOrder(
  "done_callbacks",
  [
    "removed 1",
    "result is set",
    "ready before",
    "a reads 1",
    "first callback",
    "b reads 1",
    "second callback",
    "ready after",
    "added late",
    "main",
    "main again",
  ],
  async (log) => {
    const loop = getRunningLoop();
    const future = new Future<number>();

    async function reader(name: string) {
      log(`${name} reads ${await future}`);
    }

    const a = createTask(() => reader("a"));
    await sleep(0);
    future.addDoneCallback(() => log("first callback"));
    const b = createTask(() => reader("b"));
    await sleep(0);
    future.addDoneCallback(() => log("second callback"));
    const removed = () => log("never");
    future.addDoneCallback(removed);
    log(`removed ${future.removeDoneCallback(removed)}`);
    loop.callSoon(log, "ready before");
    future.setResult(1);
    log("result is set");
    loop.callSoon(log, "ready after");
    future.addDoneCallback(() => log("added late"));
    await a;
    await b;
    log("main");
    await sleep(0);
    log("main again");
  },
);

testOrder(
  "await_of_a_done_future",
  [
    "got 1",
    "ValueError(no)",
    "has not yielded",
    "callback",
    "has yielded",
  ],
  async (log) => {
    const done = new Future<number>();
    done.setResult(1);
    const failed = new Future();
    failed.setException(new ValueError("no"));
    getRunningLoop().callSoon(log, "callback");
    log(`got ${await done}`);
    try {
      await failed;
    } catch (error) {
      log(say(error));
    }
    for (let i = 0; i < 3; i++) await done;
    log("has not yielded");
    await sleep(0);
    log("has yielded");
  },
);

testOrder(
  "sleep_zero",
  ["main", "a0", "b0", "c0", "main", "b1", "c1", "b2"],
  async (log) => {
    async function work(name: string, times: number) {
      for (let i = 0; i < times; i++) {
        log(`${name}${i}`);
        await sleep(0);
      }
    }

    const tasks = [
      createTask(() => work("a", 1)),
      createTask(() => work("b", 3)),
      createTask(() => work("c", 2)),
    ];
    log("main");
    await sleep(0);
    log("main");
    await gather(tasks);
  },
);

testOrder(
  "tasks_of_tasks",
  [
    "t starts",
    "t0 starts",
    "t1 starts",
    "t00 starts",
    "t01 starts",
    "t10 starts",
    "t11 starts",
    "t0 has t00",
    "t0 has t01",
    "t1 has t10",
    "t1 has t11",
    "t has t0",
    "t has t1",
  ],
  async (log) => {
    async function work(name: string, depth: number): Promise<string> {
      log(`${name} starts`);
      if (depth > 0) {
        const children = [0, 1].map((i) =>
          createTask(() => work(`${name}${i}`, depth - 1))
        );
        for (const child of children) log(`${name} has ${await child}`);
      }
      return name;
    }

    await createTask(() => work("t", 2));
  },
);

testOrder(
  "result_of_a_task",
  [
    "work",
    "a waits",
    "a reads 1",
    "b waits",
    "b reads 1",
    "c waits",
    "c reads 1",
    "callback",
    "main reads 1",
  ],
  async (log) => {
    const task = createTask(() => {
      log("work");
      return 1;
    });
    task.addDoneCallback(() => log("callback"));

    async function reader(name: string) {
      log(`${name} waits`);
      log(`${name} reads ${await task}`);
    }

    const readers = ["a", "b", "c"].map((name) =>
      createTask(() => reader(name))
    );
    await gather(readers);
    log(`main reads ${await task}`);
  },
);

testOrder(
  "exception_of_a_task",
  [
    "a catches ValueError(no)",
    "b catches ValueError(no)",
    "a has cleaned up",
    "b has cleaned up",
  ],
  async (log) => {
    const task = createTask(async () => {
      await sleep(0);
      throw new ValueError("no");
    });

    async function reader(name: string) {
      try {
        await task;
      } catch (error) {
        log(`${name} catches ${say(error)}`);
      } finally {
        await sleep(0);
        log(`${name} has cleaned up`);
      }
    }

    await gather([() => reader("a"), () => reader("b")]);
  },
);

testOrder(
  "current_task_in_callbacks",
  [
    "task: worker",
    "callback: none",
    "task again: worker",
    "done callback: none",
  ],
  async (log) => {
    const where = (label: string) =>
      log(`${label}: ${currentTask()?.getName() ?? "none"}`);

    const task = createTask(async () => {
      where("task");
      getRunningLoop().callSoon(where, "callback");
      currentTask()!.addDoneCallback(() => where("done callback"));
      await sleep(0);
      where("task again");
    }, { name: "worker" });
    await task;
    await sleep(0);
  },
);

testOrder(
  "await_of_oneself",
  [
    "cancel: true",
    "callback of a",
    "a fails",
    "callback of b",
    "b fails",
    "callback of c",
    "c is cancelled: stop",
    "a goes on",
    "b goes on",
    "c goes on",
  ],
  async (log) => {
    const loop = getRunningLoop();
    const foreign = newEventLoop();
    const future = foreign.createFuture();

    async function work(name: string, awaited: Future | null) {
      loop.callSoon(log, `callback of ${name}`);
      try {
        await (awaited ?? currentTask());
      } catch (error) {
        if (error instanceof CancelledError) {
          log(`${name} is cancelled: ${error.message}`);
        } else {
          log(`${name} fails`);
        }
      }
      await sleep(0);
      log(`${name} goes on`);
    }

    const tasks = [
      createTask(() => work("a", null)),
      createTask(() => work("b", future)),
      createTask(() => work("c", null)),
    ];
    await sleep(0);
    log(`cancel: ${tasks[2]!.cancel("stop")}`);
    await gather(tasks);
    foreign.close();
  },
);
