// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  ExceptionGroup,
  Future,
  getRunningLoop,
  isFuture,
  RuntimeError,
  type Task,
  TimeoutError,
} from "../loop/mod.ts";
import { cancelEverywhere } from "../testing/cancel_everywhere.ts";
import { explore } from "../testing/explore.ts";
import { inVirtualTime } from "../testing/in_virtual_time.ts";
import { allTasks, createTask } from "./create_task.ts";
import { sleep } from "./sleep.ts";
import { TaskGroup, taskGroup } from "./task_group.ts";
import { timeout } from "./timeout.ts";

function now(): number {
  return getRunningLoop().time();
}

Deno.test(
  "TaskGroup.start() waits until the task has started, which then goes on",
  inVirtualTime(async () => {
    const begin = now();
    let ended = false;
    await taskGroup(async (group) => {
      const starting = group.start<number>(async (started) => {
        await sleep(2);
        started(80);
        await sleep(3);
        ended = true;
      });
      assert(isFuture(starting));
      assertEquals(await starting, 80);
      assertEquals(now() - begin, 2);
    });
    assertEquals(now() - begin, 5);
    assert(ended);
  }),
);

Deno.test(
  "TaskGroup.start() passes on any value, and none",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      const nothing: void = await group.start((started) => started());
      assertEquals(nothing, undefined);
      for (const value of [null, 0, "text", [1]]) {
        const got = await group.start((started: (v: unknown) => void) =>
          started(value)
        );
        assertEquals(got, value);
      }
    });
  }),
);

Deno.test(
  "TaskGroup.start() throws a failure before the start to its caller alone",
  inVirtualTime(async () => {
    const error = new RangeError("port in use");
    const result = await taskGroup(async (group) => {
      const other = group.createTask(() => sleep(5, "other"));
      const thrown = await assertRejects(() =>
        group.start(async () => {
          await sleep(1);
          throw error;
        })
      );
      assertStrictEquals(thrown, error);
      return other;
    });
    assertEquals(result, "other");
  }),
);

Deno.test(
  "TaskGroup.start() leaves a failure after the start to the group",
  inVirtualTime(async () => {
    const group = await assertRejects(
      () =>
        taskGroup(async (group) => {
          await group.start(async (started) => {
            started();
            await sleep(1);
            throw new RangeError("later");
          });
          await sleep(60);
        }),
      ExceptionGroup,
    );
    assertEquals(group.exceptions.length, 1);
    assertInstanceOf(group.exceptions[0], RangeError);
  }),
);

Deno.test(
  "TaskGroup.start() fails if the function never starts",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      await assertRejects(
        () => group.start(() => sleep(1), { name: "server" }),
        RuntimeError,
        "The task server ended without calling started()",
      );
    });
  }),
);

Deno.test(
  "TaskGroup.start() refuses to start twice, or after the end",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      let startedLate!: () => void;
      await group.start((started) => {
        started();
        startedLate = started;
        assertThrows(() => started(), RuntimeError, "started() twice");
      });
      assertThrows(() => startedLate(), RuntimeError, "twice");
      await group.start((started) => {
        startedLate = started;
        throw new Error("failed");
      }).catch(() => {});
      assertThrows(() => startedLate(), RuntimeError, "the task has ended");
    });
  }),
);

Deno.test(
  "TaskGroup.start() ends the task when its caller is cancelled",
  inVirtualTime(async () => {
    const log: string[] = [];
    const result = await taskGroup(async (group) => {
      await assertRejects(
        () =>
          timeout(1, () =>
            group.start(async () => {
              try {
                await sleep(60);
              } finally {
                await sleep(2);
                log.push("cleaned up");
              }
            })),
        TimeoutError,
      );
      assertEquals(log, ["cleaned up"]);
      return "goes on";
    });
    assertEquals(result, "goes on");
  }),
);

Deno.test(
  "TaskGroup.start() can be cancelled by its future",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      const starting = group.start(() => sleep(60));
      await sleep(1);
      starting.cancel();
      await assertRejects(() => starting, CancelledError);
      assertEquals(allTasks().size, 1);
    });
  }),
);

Deno.test(
  "TaskGroup.start() awaits a task that goes on although its caller is cancelled",
  inVirtualTime(async () => {
    const begin = now();
    await taskGroup(async (group) => {
      const starting = group.start(async (started) => {
        try {
          await sleep(60);
        } catch {
          started();
          await sleep(5);
        }
      });
      await sleep(1);
      starting.cancel();
      await assertRejects(() => starting, CancelledError);
      assertEquals(now() - begin, 6);
    });
  }),
);

Deno.test(
  "TaskGroup.start() throws what the task throws while it is cancelled",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      const starting = group.start(async () => {
        try {
          await sleep(60);
        } finally {
          // deno-lint-ignore no-unsafe-finally -- what is tested
          throw new RangeError("clean-up");
        }
      });
      await sleep(1);
      starting.cancel();
      await assertRejects(() => starting, RangeError);
    });
  }),
);

Deno.test(
  "TaskGroup.start() is cancelled with its group",
  inVirtualTime(async () => {
    let ended = 0;
    await taskGroup(async (group) => {
      getRunningLoop().callLater(1, () => group.cancel());
      try {
        await group.start(async () => {
          try {
            await sleep(60);
          } finally {
            ended++;
          }
        });
      } finally {
        assertEquals(ended, 1);
      }
    });
    assertEquals(ended, 1);
  }),
);

Deno.test(
  "TaskGroup.start() may be called by tasks of the group",
  inVirtualTime(async () => {
    const ports: number[] = [];
    await taskGroup((group) => {
      for (const port of [1, 2]) {
        group.createTask(async () => {
          ports.push(
            await group.start<number>(async (started) => {
              await sleep(3 - port);
              started(port);
            }),
          );
        });
      }
    });
    assertEquals(ports, [2, 1]);
  }),
);

Deno.test(
  "TaskGroup.start() starts eagerly where asked to",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      const starting = group.start<number>((started) => started(1), {
        eagerStart: true,
      });
      assertEquals(await starting, 1);
    });
  }),
);

Deno.test(
  "TaskGroup.start() refuses a group that is not open, before anything begins",
  inVirtualTime(async () => {
    let calls = 0;
    const group = new TaskGroup();
    const start = () => group.start(() => void calls++);
    assertThrows(start, RuntimeError, "its body has not begun");
    await group.run(() => {});
    assertThrows(start, RuntimeError, "it is finished");
    assertEquals(calls, 0);
  }),
);

Deno.test("TaskGroup.start() keeps its promise in any order of events", async () => {
  await explore(async (trial) => {
    let begun = 0;
    let ended = 0;
    let task!: Task<void>;
    const failures: unknown[] = [];
    try {
      await taskGroup(async (group) => {
        task = createTask(async () => {
          await group.start(async (started) => {
            begun++;
            try {
              await sleep(1);
              started();
              await sleep(1);
            } finally {
              ended++;
            }
          });
        });
        trial.mayCancel(task);
        await task.catch(() => {});
      });
    } catch (error) {
      failures.push(error);
    }
    assertEquals(failures, []);
    assertEquals(begun, ended);
  }, { strategy: "exhaustive", schedules: 3000 });
});

Deno.test("TaskGroup.start() leaves nothing behind wherever it is cancelled", async () => {
  const awaits = await cancelEverywhere(() => {
    let running = 0;
    return {
      body: () =>
        taskGroup(async (group) => {
          await group.start(async (started) => {
            running++;
            try {
              await sleep(1);
              started();
              await sleep(5);
            } finally {
              running--;
            }
          });
          await sleep(1);
        }),
      check: () => assertEquals(running, 0),
    };
  });
  assertEquals(awaits, 3);
});

// Tasks in the background.

Deno.test(
  "TaskGroup.createTask() cancels a task in the background once all else is done",
  inVirtualTime(async () => {
    const begin = now();
    const beats: number[] = [];
    const result = await taskGroup(async (group) => {
      group.createTask(async () => {
        while (true) {
          beats.push(now() - begin);
          await sleep(1);
        }
      }, { background: true });
      group.createTask(() => sleep(2.5));
      await sleep(1.5);
      return "result";
    });
    assertEquals(result, "result");
    assertEquals(beats, [0, 1, 2]);
    assertEquals(now() - begin, 2.5);
  }),
);

Deno.test(
  "TaskGroup.createTask() awaits the clean-up of a task in the background",
  inVirtualTime(async () => {
    const begin = now();
    await taskGroup((group) => {
      group.createTask(async () => {
        try {
          await sleep(60);
        } finally {
          await sleep(2);
        }
      }, { background: true });
    });
    // It was cancelled before it began.
    assertEquals(now() - begin, 0);
    await taskGroup(async (group) => {
      group.createTask(async () => {
        try {
          await sleep(60);
        } finally {
          await sleep(2);
        }
      }, { background: true });
      await sleep(1);
    });
    assertEquals(now() - begin, 3);
  }),
);

Deno.test(
  "TaskGroup.createTask() lets a task in the background end or fail by itself",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      const task = group.createTask(() => sleep(1, "done"), {
        background: true,
      });
      await sleep(2);
      assertEquals(task.result(), "done");
    });
    const failed = await assertRejects(
      () =>
        taskGroup(async (group) => {
          group.createTask(async () => {
            await sleep(1);
            throw new RangeError("background");
          }, { background: true });
          await sleep(60);
        }),
      ExceptionGroup,
    );
    assertInstanceOf(failed.exceptions[0], RangeError);
  }),
);

Deno.test(
  "TaskGroup.createTask() waits for tasks that one in the background starts at its end",
  inVirtualTime(async () => {
    let saved = false;
    await taskGroup(async (group) => {
      group.createTask(async () => {
        try {
          await sleep(60);
        } finally {
          group.createTask(() => sleep(60), { background: true });
          group.createTask(async () => {
            await sleep(1);
            saved = true;
          });
        }
      }, { background: true });
      await sleep(1);
    });
    assert(saved);
  }),
);

Deno.test(
  "TaskGroup.start() starts a task in the background",
  inVirtualTime(async () => {
    const begin = now();
    await taskGroup(async (group) => {
      const port = await group.start<number>(async (started) => {
        await sleep(1);
        started(80);
        await new Future();
      }, { background: true });
      assertEquals(port, 80);
      await sleep(1);
    });
    assertEquals(now() - begin, 2);
  }),
);

Deno.test(
  "TaskGroup.createTask() refuses a background option that is not a boolean",
  inVirtualTime(async () => {
    await taskGroup((group) => {
      const background = 1 as unknown as boolean;
      assertThrows(
        () => group.createTask(() => {}, { background }),
        TypeError,
        "received 1",
      );
    });
  }),
);

Deno.test("TaskGroup.createTask() ends tasks in the background in any order of events", async () => {
  await explore(async (trial) => {
    let running = 0;
    const work = (delay: number) => async () => {
      running++;
      try {
        await sleep(delay);
      } finally {
        running--;
      }
    };
    const task = createTask(() =>
      taskGroup(async (group) => {
        group.createTask(work(60), { background: true });
        group.createTask(work(1));
        await sleep(0);
        group.createTask(work(60), { background: true });
      })
    );
    trial.mayCancel(task);
    await task.catch(() => {});
    assertEquals(running, 0);
    assert(now() < 60);
  }, { strategy: "exhaustive", schedules: 3000, timeouts: false });
});
