// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../loop/mod.ts";
import {
  createTask,
  currentTask,
  gather,
  sleep,
  type TaskGroup,
  taskGroup,
} from "../../tasks/mod.ts";
import { type Log, say, testOrder, ValueError } from "./order.ts";

async function lasting(log: Log, name: string): Promise<void> {
  try {
    log(`${name} starts`);
    await sleep(10);
    log(`${name} ends`);
  } catch (error) {
    log(`${name} is cancelled`);
    await sleep(0);
    log(`${name} has cleaned up`);
    throw error;
  }
}

async function failing(log: Log, message: string, turns = 0): Promise<void> {
  for (let i = 0; i < turns; i++) await sleep(0);
  log(`raises ${message}`);
  throw new ValueError(message);
}

function cancelling(): number {
  return currentTask()!.cancelling();
}

testOrder(
  "group_waits_for_its_tasks",
  ["body ends", "b ends", "a ends", "group ends"],
  async (log) => {
    async function work(name: string, turns: number) {
      for (let i = 0; i < turns; i++) await sleep(0);
      log(`${name} ends`);
    }

    await taskGroup((group) => {
      group.createTask(() => work("a", 2));
      group.createTask(() => work("b", 0));
      log("body ends");
    });
    log("group ends");
  },
);

testOrder(
  "group_with_a_failing_child",
  [
    "a starts",
    "raises one",
    "raises two",
    "a is cancelled",
    "body catches CancelledError(), cancelling 1",
    "a has cleaned up",
    "catches ExceptionGroup[ValueError(one), ValueError(two)], cancelling 0",
  ],
  async (log) => {
    try {
      await taskGroup(async (group) => {
        group.createTask(() => lasting(log, "a"));
        group.createTask(() => failing(log, "one"));
        group.createTask(() => failing(log, "two"));
        group.createTask(() => failing(log, "never", 1));
        try {
          await sleep(10);
        } catch (error) {
          log(`body catches ${say(error)}, cancelling ${cancelling()}`);
          throw error;
        }
      });
    } catch (error) {
      log(`catches ${say(error)}, cancelling ${cancelling()}`);
    }
  },
);

testOrder(
  "group_with_a_failing_body",
  [
    "a starts",
    "a is cancelled",
    "a has cleaned up",
    "catches ExceptionGroup[ValueError(body)]",
  ],
  async (log) => {
    try {
      await taskGroup(async (group) => {
        group.createTask(() => lasting(log, "a"));
        await sleep(0);
        group.createTask(() => lasting(log, "never"));
        throw new ValueError("body");
      });
    } catch (error) {
      log(`catches ${say(error)}`);
    }
  },
);

testOrder(
  "groups_in_groups",
  [
    "outer a starts",
    "inner a starts",
    "raises inner",
    "inner a is cancelled",
    "inner a has cleaned up",
    "inner group ends",
    "outer a is cancelled",
    "outer a has cleaned up",
    "catches ExceptionGroup[ExceptionGroup[ValueError(inner)]]",
  ],
  async (log) => {
    async function inner() {
      try {
        await taskGroup((group) => {
          group.createTask(() => lasting(log, "inner a"));
          group.createTask(() => failing(log, "inner", 1));
        });
      } finally {
        log("inner group ends");
      }
    }

    try {
      await taskGroup((group) => {
        group.createTask(inner);
        group.createTask(() => lasting(log, "outer a"));
      });
    } catch (error) {
      log(`catches ${say(error)}`);
    }
  },
);

testOrder(
  "group_cancelled_while_failing",
  [
    "a starts",
    "raises inside",
    "cancels",
    "a is cancelled",
    "a has cleaned up",
    "catches ExceptionGroup[ValueError(inside)], cancelling 1",
    "after the group",
    "cancelled: true, cancelling 1",
  ],
  async (log) => {
    const task = createTask(async () => {
      try {
        await taskGroup(async (group) => {
          group.createTask(() => lasting(log, "a"));
          group.createTask(() => failing(log, "inside"));
          await sleep(10);
        });
      } catch (error) {
        if (error instanceof CancelledError) throw error;
        log(`catches ${say(error)}, cancelling ${cancelling()}`);
      }
      log("after the group");
      await sleep(0);
      log("never");
    });
    await sleep(0);
    await sleep(0);
    log("cancels");
    task.cancel("outside");
    await gather([task], { returnExceptions: true });
    log(`cancelled: ${task.cancelled()}, cancelling ${task.cancelling()}`);
  },
);

testOrder(
  "group_cancelled_from_outside",
  [
    "a starts",
    "b starts",
    "a is cancelled",
    "b is cancelled",
    "a has cleaned up",
    "b has cleaned up",
    "catches CancelledError(outside)",
  ],
  async (log) => {
    const task = createTask(() =>
      taskGroup((group) => {
        group.createTask(() => lasting(log, "a"));
        group.createTask(() => lasting(log, "b"));
      })
    );
    await sleep(0);
    await sleep(0);
    task.cancel("outside");
    try {
      await task;
    } catch (error) {
      log(`catches ${say(error)}`);
    }
  },
);

testOrder(
  "group_shutting_down",
  ["raises one", "no new task", "catches ExceptionGroup[ValueError(one)]"],
  async (log) => {
    async function late(group: TaskGroup) {
      try {
        await sleep(10);
      } finally {
        try {
          group.createTask(() => lasting(log, "never"));
        } catch {
          log("no new task");
        }
      }
    }

    try {
      await taskGroup((group) => {
        group.createTask(() => late(group));
        group.createTask(() => failing(log, "one"));
      });
    } catch (error) {
      log(`catches ${say(error)}`);
    }
  },
);
