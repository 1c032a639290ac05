// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { inVirtualTime, VirtualTimeLoop } from "../testing/mod.ts";
import {
  CancelledError,
  ExceptionGroup,
  Future,
  getRunningLoop,
  KeyboardInterrupt,
  RuntimeError,
  Task,
} from "../loop/mod.ts";
import { allTasks, createTask, currentTask } from "./create_task.ts";
import { CancelScope } from "./cancel_scope.ts";
import { run } from "./runner.ts";
import { sleep } from "./sleep.ts";
import { TaskGroup, taskGroup } from "./task_group.ts";

/** Fails after a delay. */
function failing(delay: number, message: string): () => Promise<never> {
  return async () => {
    await sleep(delay);
    throw new Error(message);
  };
}

/** Waits forever, logs how it ended, and may fail then. */
function waiting(log: string[], name: string, failure?: Error) {
  return async () => {
    try {
      await sleep(1e6);
    } catch (error) {
      log.push(`${name}: ${error}`);
      throw failure ?? error;
    }
  };
}

/** The messages of the exceptions of the group that a function throws. */
async function failuresOf(fn: () => Promise<unknown>): Promise<unknown[]> {
  const group = await assertRejects(
    fn,
    ExceptionGroup,
    " failed: ",
  );
  return group.exceptions.map((each) =>
    each instanceof Error ? each.message : each
  );
}

Deno.test("TaskGroup.toString() describes its tasks and its state", () =>
  run(async () => {
    const group = new TaskGroup();
    assertEquals(String(group), "<TaskGroup>");
    const texts: string[] = [];
    await assertRejects(() =>
      group.run(async () => {
        texts.push(String(group));
        group.createTask(async () => {
          try {
            await sleep(3600);
          } finally {
            texts.push(Deno.inspect(group));
          }
        });
        group.createTask(() => {
          throw new Error("boom");
        });
        texts.push(String(group));
        await sleep(3600);
      }), ExceptionGroup);
    assertEquals(texts, [
      "<TaskGroup entered>",
      "<TaskGroup tasks=2 entered>",
      "<TaskGroup tasks=1 errors=1 cancelling>",
    ]);
  }));

Deno.test(
  "taskGroup() returns what the body returns, after all tasks are done",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const result = taskGroup(async (group) => {
      const task = group.createTask(async () => {
        await sleep(5);
        calls.push("task");
        return 1;
      });
      assertType<IsExact<typeof task, Task<number>>>(true);
      await sleep(1);
      calls.push("body");
      return "result";
    });
    assertType<IsExact<typeof result, Promise<string>>>(true);
    assertEquals(await result, "result");
    assertEquals(calls, ["body", "task"]);
    assertEquals(await taskGroup(() => "empty"), "empty");
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() infers the types of tasks and result",
  inVirtualTime(async () => {
    const tasks = await taskGroup((group) =>
      [
        group.createTask(() => 1),
        group.createTask(() => sleep(1, "two")),
        group.createTask(async () => await Promise.resolve(true)),
      ] as const
    );
    assertType<
      IsExact<
        typeof tasks,
        readonly [Task<number>, Task<string>, Task<boolean>]
      >
    >(true);
    assertEquals(tasks.map((task) => task.result()), [1, "two", true]);
    const nothing = taskGroup(() => {});
    assertType<IsExact<typeof nothing, Promise<void>>>(true);
    await nothing;
  }),
);

Deno.test(
  "taskGroup() runs the body in the calling task",
  inVirtualTime(async () => {
    const task = currentTask();
    await taskGroup(async () => {
      assertStrictEquals(currentTask(), task);
      await sleep(0);
      assertEquals(allTasks().size, 1);
    });
  }),
);

Deno.test(
  "taskGroup() awaits tasks that are started by its tasks, also after the body",
  inVirtualTime(async () => {
    const calls: string[] = [];
    await taskGroup((group) => {
      group.createTask(async () => {
        await sleep(1);
        group.createTask(async () => {
          await sleep(1);
          calls.push("grandchild");
        });
        calls.push("child");
      });
    });
    assertEquals(calls, ["child", "grandchild"]);
  }),
);

Deno.test(
  "taskGroup() whose task fails cancels the others and the body, and throws an ExceptionGroup",
  inVirtualTime(async () => {
    const log: string[] = [];
    const failures = await failuresOf(() =>
      taskGroup(async (group) => {
        group.createTask(failing(1, "boom"));
        group.createTask(waiting(log, "a"));
        group.createTask(waiting(log, "b"));
        await waiting(log, "body")();
      })
    );
    assertEquals(failures, ["boom"]);
    assertEquals(log, [
      "a: CancelledError",
      "b: CancelledError",
      "body: CancelledError",
    ]);
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "taskGroup() whose task fails after the body ended throws too",
  inVirtualTime(async () => {
    const log: string[] = [];
    const failures = await failuresOf(() =>
      taskGroup((group) => {
        group.createTask(waiting(log, "other"));
        group.createTask(failing(1, "boom"));
      })
    );
    assertEquals([failures, log], [["boom"], ["other: CancelledError"]]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() collects all exceptions in order, including those of clean-ups",
  inVirtualTime(async () => {
    const failures = await failuresOf(() =>
      taskGroup((group) => {
        group.createTask(waiting([], "a", new Error("of a")));
        group.createTask(failing(1, "first"));
        group.createTask(failing(1, "second"));
        group.createTask(waiting([], "b", new Error("of b")));
      })
    );
    assertEquals(failures, ["first", "second", "of a", "of b"]);
  }),
);

Deno.test(
  "taskGroup() whose body fails cancels the tasks and puts the body's exception last",
  inVirtualTime(async () => {
    const log: string[] = [];
    const failures = await failuresOf(() =>
      taskGroup(async (group) => {
        group.createTask(waiting(log, "a"));
        group.createTask(waiting(log, "b", new Error("of b")));
        await sleep(1);
        throw new Error("of the body");
      })
    );
    assertEquals(failures, ["of b", "of the body"]);
    assertEquals(log, ["a: CancelledError", "b: CancelledError"]);
  }),
);

Deno.test(
  "taskGroup() whose body fails before its tasks start never runs them",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const failures = await failuresOf(() =>
      taskGroup((group) => {
        group.createTask(() => void calls.push("ran"));
        throw new Error("at once");
      })
    );
    assertEquals([failures, calls], [["at once"], []]);
  }),
);

Deno.test(
  "taskGroup() whose body fails while it is interrupted collects that error, too",
  inVirtualTime(async () => {
    const failures = await failuresOf(() =>
      taskGroup(async (group) => {
        group.createTask(failing(1, "of a task"));
        await waiting([], "body", new Error("of the body"))();
      })
    );
    assertEquals(failures, ["of a task", "of the body"]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() whose body swallows the interruption still throws",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const failures = await failuresOf(() =>
      taskGroup(async (group) => {
        group.createTask(failing(1, "boom"));
        try {
          await sleep(3600);
        } catch { /* swallowed */ }
        await sleep(1);
        calls.push("went on");
      })
    );
    assertEquals([failures, calls], [["boom"], ["went on"]]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() collects thrown values that are not Errors",
  inVirtualTime(async () => {
    assertEquals(
      await failuresOf(() =>
        taskGroup((group) => {
          group.createTask(() => {
            throw "text";
          });
        })
      ),
      ["text"],
    );
  }),
);

Deno.test(
  "taskGroup() does not mind a task that is cancelled",
  inVirtualTime(async () => {
    const result = await taskGroup(async (group) => {
      const task = group.createTask(() => sleep(3600));
      const other = group.createTask(() => sleep(2, "other"));
      await sleep(1);
      task.cancel();
      return await other;
    });
    assertEquals(result, "other");
  }),
);

Deno.test(
  "taskGroup() whose body awaits a cancelled task of its own is cancelled with it",
  inVirtualTime(async () => {
    const log: string[] = [];
    await assertRejects(
      () =>
        taskGroup(async (group) => {
          group.createTask(waiting(log, "other"));
          const task = group.createTask(() => sleep(3600));
          await sleep(1);
          task.cancel("only it");
          await task;
        }),
      CancelledError,
      "only it",
    );
    assertEquals(log, ["other: CancelledError"]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

for (const moment of ["in the body", "while it awaits its tasks"]) {
  Deno.test(
    `taskGroup() that is cancelled from outside ${moment} cancels its tasks and throws the cancellation`,
    inVirtualTime(async () => {
      const log: string[] = [];
      const task = createTask(() =>
        taskGroup(async (group) => {
          group.createTask(waiting(log, "a"));
          group.createTask(waiting(log, "b"));
          if (moment === "in the body") await sleep(3600);
        })
      );
      await sleep(1);
      task.cancel("from outside");
      await assertRejects(() => task, CancelledError, "from outside");
      assertEquals(log, ["a: CancelledError", "b: CancelledError"]);
      assertEquals(task.cancelling(), 1);
    }),
  );
}

Deno.test(
  "taskGroup() that is cancelled while a task fails throws the group, then delivers the cancellation",
  inVirtualTime(async () => {
    const seen: unknown[] = [];
    const task = createTask(async () => {
      try {
        await taskGroup(async (group) => {
          group.createTask(waiting([], "a", new Error("while cancelled")));
          await sleep(3600);
        });
      } catch (error) {
        assertInstanceOf(error, ExceptionGroup);
        seen.push(error.exceptions.map(String));
      }
      seen.push(currentTask()!.cancelling());
      await sleep(1);
      seen.push("never");
    });
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(seen, [["Error: while cancelled"], 1]);
  }),
);

Deno.test(
  "taskGroup() that is cancelled from outside after a task failed keeps both",
  inVirtualTime(async () => {
    const seen: unknown[] = [];
    const task = createTask(async () => {
      try {
        await taskGroup(async (group) => {
          group.createTask(failing(1, "boom"));
          group.createTask(async () => {
            try {
              await sleep(3600);
            } finally {
              await sleep(5);
            }
          });
          await sleep(3600);
        });
      } catch (error) {
        assertInstanceOf(error, ExceptionGroup);
        seen.push(error.exceptions.map(String), currentTask()!.cancelling());
      }
      await sleep(0);
      seen.push("never");
    });
    await sleep(2);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(seen, [["Error: boom"], 1]);
    assert(task.cancelled());
  }),
);

Deno.test(
  "taskGroup() waits for tasks that take their time, however often it is cancelled",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const task = createTask(() =>
      taskGroup((group) => {
        group.createTask(async () => {
          try {
            await sleep(3600);
          } finally {
            await sleep(10);
            calls.push("cleaned up");
          }
        });
      })
    );
    for (let i = 0; i < 3; i++) {
      await sleep(1);
      task.cancel(`${i}`);
    }
    await assertRejects(() => task, CancelledError, "0");
    assertEquals(calls, ["cleaned up"]);
    assertEquals(task.cancelling(), 3);
    assertEquals(getRunningLoop().time(), 11);
  }),
);

Deno.test(
  "taskGroup() nested: the outer exception group contains the inner one",
  inVirtualTime(async () => {
    const log: string[] = [];
    const error = await assertRejects(
      () =>
        taskGroup(async (outer) => {
          outer.createTask(waiting(log, "outer"));
          await taskGroup((inner) => {
            inner.createTask(waiting(log, "inner"));
            inner.createTask(failing(1, "boom"));
          });
        }),
      ExceptionGroup,
    );
    assertEquals(log, ["inner: CancelledError", "outer: CancelledError"]);
    const [inner] = error.exceptions;
    assertInstanceOf(inner, ExceptionGroup);
    assertEquals(inner.exceptions.map(String), ["Error: boom"]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() nested: a failure in the outer group cancels the inner",
  inVirtualTime(async () => {
    const log: string[] = [];
    const failures = await failuresOf(() =>
      taskGroup(async (outer) => {
        outer.createTask(failing(1, "boom"));
        await taskGroup((inner) => {
          inner.createTask(waiting(log, "inner"));
        });
        log.push("never");
      })
    );
    assertEquals([failures, log], [["boom"], ["inner: CancelledError"]]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() with a signal that aborts cancels tasks and body, with the reason as the cause",
  inVirtualTime(async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const reason = new Error("why");
    getRunningLoop().callLater(1, () => controller.abort(reason));
    const error = await assertRejects(
      () =>
        taskGroup(async (group) => {
          group.createTask(waiting(log, "task"));
          await waiting(log, "body")();
        }, { signal: controller.signal }),
      CancelledError,
    );
    assertStrictEquals(error.cause, reason);
    assertEquals(log, ["body: CancelledError", "task: CancelledError"]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() with a signal that is aborted already does not run the body",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const error = await assertRejects(
      () =>
        taskGroup(() => void calls.push("ran"), {
          signal: AbortSignal.abort("why"),
        }),
      CancelledError,
    );
    assertEquals([error.cause, calls], ["why", []]);
  }),
);

Deno.test("taskGroup() works outside every task", async () => {
  const task = await taskGroup((group) => {
    assert(currentTask() !== null);
    return [group.createTask(() => sleep(0.001, 1))];
  });
  assertEquals(task[0]!.result(), 1);
  assertEquals(
    await failuresOf(() =>
      taskGroup((group) => void group.createTask(failing(0, "boom")))
    ),
    ["boom"],
  );
});

Deno.test("taskGroup() refuses a body other than a function", async () => {
  for (const [value, received] of [[1, "1"], [null, "null"]]) {
    const body = value as unknown as () => void;
    await assertRejects(
      () => taskGroup(body),
      TypeError,
      `The body of taskGroup() must be a function: received ${received}`,
    );
    await assertRejects(
      () => new TaskGroup().run(body),
      TypeError,
      `The body of TaskGroup.run() must be a function: received ${received}`,
    );
  }
  await assertRejects(
    () => taskGroup(Promise.resolve() as unknown as () => void),
    TypeError,
    "taskGroup() takes the function itself: taskGroup(body) or taskGroup(() => body(…)), not taskGroup(body())",
  );
});

Deno.test(
  "TaskGroup.createTask() takes name, eager start and signal",
  inVirtualTime(async () => {
    await taskGroup(async (group) => {
      const calls: string[] = [];
      const eager = group.createTask(async () => {
        calls.push("begun");
        await sleep(1);
      }, { name: "worker", eagerStart: true });
      assertEquals(calls, ["begun"]);
      assertEquals(eager.getName(), "worker");
      const done = group.createTask(() => "done", { eagerStart: true });
      assertEquals(done.result(), "done");
      const aborted = group.createTask(() => calls.push("never"), {
        signal: AbortSignal.abort("why"),
      });
      await assertRejects(() => aborted, CancelledError);
      assertEquals(calls, ["begun"]);
    });
  }),
);

Deno.test(
  "TaskGroup.createTask() of a task that fails at once makes the group fail",
  inVirtualTime(async () => {
    const log: string[] = [];
    const failures = await failuresOf(() =>
      taskGroup(async (group) => {
        const task = group.createTask(() => {
          throw new Error("at once");
        }, { eagerStart: true });
        assert(task.done());
        await waiting(log, "body")();
      })
    );
    assertEquals([failures, log], [["at once"], ["body: CancelledError"]]);
  }),
);

Deno.test(
  "TaskGroup.createTask() refuses before the body, after the end, and while the group shuts down",
  inVirtualTime(async () => {
    const group = new TaskGroup();
    const calls: string[] = [];
    const work = () => void calls.push("ran");
    assertThrows(
      () => group.createTask(work),
      RuntimeError,
      "Cannot create a task in the group as its body has not begun",
    );
    await assertRejects(
      () =>
        group.run(async () => {
          group.createTask(failing(1, "boom"));
          group.createTask(() => sleep(3600));
          try {
            await sleep(3600);
          } finally {
            assertThrows(
              () => group.createTask(work),
              RuntimeError,
              "Cannot create a task in the group as it is shutting down",
            );
          }
        }),
      ExceptionGroup,
    );
    assertThrows(
      () => group.createTask(work),
      RuntimeError,
      "Cannot create a task in the group as it is finished",
    );
    await sleep(0);
    assertEquals(calls, []);
    assertEquals(allTasks().size, 1);
  }),
);

Deno.test(
  "TaskGroup.createTask() rejects a promise and says what to write instead",
  inVirtualTime(async () => {
    await taskGroup((group) => {
      assertThrows(
        () => group.createTask(Promise.resolve() as unknown as () => void),
        TypeError,
        "createTask() takes the function itself: createTask(coro) or createTask(() => coro(…)), not createTask(coro())",
      );
    });
  }),
);

Deno.test(
  "TaskGroup.run() can be used once",
  inVirtualTime(async () => {
    const group = new TaskGroup();
    const result = await group.run(async (each) => {
      assertStrictEquals(each, group);
      await assertRejects(
        () => group.run(() => {}),
        RuntimeError,
        "Cannot run the task group as it has already been used",
      );
      return "once";
    });
    assertEquals(result, "once");
    await assertRejects(
      () => group.run(() => {}),
      RuntimeError,
      "Cannot run the task group as it has already been used",
    );
  }),
);

Deno.test(
  "TaskGroup.cancel() in the body interrupts it and cancels the tasks; the group ends without an exception",
  inVirtualTime(async () => {
    const log: string[] = [];
    const result = await taskGroup(async (group) => {
      group.createTask(waiting(log, "a"));
      group.createTask(waiting(log, "b"));
      await sleep(1);
      group.cancel();
      group.cancel();
      log.push("up to the next await");
      await sleep(1);
      log.push("never");
      return "never";
    });
    assertEquals(result, undefined as unknown as string);
    assertEquals(log, [
      "up to the next await",
      "a: CancelledError",
      "b: CancelledError",
    ]);
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "TaskGroup.cancel() as the body's last act keeps the body's result",
  inVirtualTime(async () => {
    const log: string[] = [];
    const result = await taskGroup(async (group) => {
      group.createTask(waiting(log, "task"));
      await sleep(1);
      group.cancel();
      return "result";
    });
    assertEquals([result, log], ["result", ["task: CancelledError"]]);
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "TaskGroup.cancel() by a task of the group",
  inVirtualTime(async () => {
    for (const bodyWaits of [true, false]) {
      const log: string[] = [];
      const result = await taskGroup(async (group) => {
        group.createTask(waiting(log, "other"));
        group.createTask(async () => {
          await sleep(1);
          group.cancel();
          log.push("goes on");
          await sleep(1);
          log.push("never");
        });
        if (bodyWaits) await sleep(3600);
        return "result";
      });
      assertEquals(result, bodyWaits ? undefined as never : "result");
      assertEquals(log, ["goes on", "other: CancelledError"]);
      assertEquals(currentTask()!.cancelling(), 0);
    }
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "TaskGroup.cancel() from outside, by another task or a callback",
  inVirtualTime(async () => {
    for (const from of ["task", "callback"]) {
      const log: string[] = [];
      const group = new TaskGroup();
      const cancel = () => group.cancel();
      if (from === "callback") getRunningLoop().callLater(1, cancel);
      else createTask(() => sleep(1).then(cancel));
      await group.run(async () => {
        group.createTask(waiting(log, "task"));
        await sleep(3600);
      });
      assertEquals(log, ["task: CancelledError"]);
      assertEquals(currentTask()!.cancelling(), 0);
    }
  }),
);

Deno.test(
  "TaskGroup.cancel() before the body begins interrupts it at its first await",
  inVirtualTime(async () => {
    const calls: string[] = [];
    const group = new TaskGroup();
    group.cancel();
    await group.run(async () => {
      calls.push("begun");
      assertThrows(
        () => group.createTask(() => void calls.push("task")),
        RuntimeError,
        "as it is shutting down",
      );
      await sleep(0);
      calls.push("never");
    });
    assertEquals(calls, ["begun"]);
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "TaskGroup.cancel() after the end does nothing",
  inVirtualTime(async () => {
    const group = new TaskGroup();
    await group.run(() => void group.createTask(() => sleep(1)));
    group.cancel();
    assertEquals(currentTask()!.cancelling(), 0);
    assertEquals(await sleep(1, "fine"), "fine");
  }),
);

Deno.test(
  "TaskGroup.cancel() does not hide the exceptions of tasks or body",
  inVirtualTime(async () => {
    const failures = await failuresOf(() =>
      taskGroup(async (group) => {
        group.createTask(waiting([], "a", new Error("of a task")));
        await sleep(1);
        group.cancel();
        await waiting([], "body", new Error("of the body"))();
      })
    );
    assertEquals(failures, ["of a task", "of the body"]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "TaskGroup.cancel() does not hide a cancellation from outside",
  inVirtualTime(async () => {
    const task = createTask(() =>
      taskGroup(async (group) => {
        group.createTask(async () => {
          try {
            await sleep(3600);
          } finally {
            await sleep(5);
          }
        });
        await sleep(1);
        group.cancel();
        await sleep(3600);
      })
    );
    await sleep(2);
    task.cancel("from outside");
    await assertRejects(() => task, CancelledError);
    assertEquals(task.cancelling(), 1);
  }),
);

Deno.test(
  "TaskGroup.cancel() after the body's end does not hide a later cancellation from outside",
  inVirtualTime(async () => {
    const task = createTask(() =>
      taskGroup((group) => {
        group.createTask(async () => {
          await sleep(1);
          group.cancel();
        });
        group.createTask(async () => {
          try {
            await sleep(3600);
          } finally {
            await sleep(5);
          }
        });
      })
    );
    await sleep(2);
    task.cancel("from outside");
    await assertRejects(() => task, CancelledError, "from outside");
    assertEquals(task.cancelling(), 1);
  }),
);

Deno.test(
  "TaskGroup.cancel() by a task that starts at once cancels that task as well",
  inVirtualTime(async () => {
    const log: string[] = [];
    await taskGroup(async (group) => {
      group.createTask(async () => {
        group.cancel();
        await waiting(log, "eager")();
      }, { eagerStart: true });
      await waiting(log, "body")();
    });
    assertEquals(log.sort(), ["body: CancelledError", "eager: CancelledError"]);
    assertEquals(getRunningLoop().time(), 0);
  }),
);

Deno.test(
  "TaskGroup.cancel() after a failure changes nothing",
  inVirtualTime(async () => {
    const failures = await failuresOf(() =>
      taskGroup(async (group) => {
        group.createTask(failing(1, "boom"));
        try {
          await sleep(3600);
        } finally {
          group.cancel();
        }
      })
    );
    assertEquals(failures, ["boom"]);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "TaskGroup.cancel() of an inner group leaves the outer alone",
  inVirtualTime(async () => {
    const calls: string[] = [];
    await taskGroup(async (outer) => {
      const task = outer.createTask(() => sleep(5, "outer"));
      await taskGroup(async (inner) => {
        await sleep(1);
        inner.cancel();
        await sleep(3600);
      });
      calls.push(await task);
    });
    assertEquals(calls, ["outer"]);
  }),
);

Deno.test("TaskGroup reports a task that fails after the parent task has ended", async () => {
  const loop = new VirtualTimeLoop();
  const contexts = recordExceptions(loop);
  await run(async () => {
    const ended = new Future<void>();
    const parent = createTask(() => {
      // The group is not awaited.
      void taskGroup((group) => {
        group.createTask(failing(1, "too late"));
      }).catch(() => ended.setResult());
    });
    await parent;
    assert(parent.done());
    await sleep(2);
    assertFalse(contexts.length === 0);
  }, { loopFactory: () => loop });
  assertEquals(
    contexts[0]?.message,
    "A task of a group failed after its parent task had ended",
  );
  assertEquals(String(contexts[0]?.exception), "Error: too late");
});

Deno.test(
  "taskGroup() throws a KeyboardInterrupt of a task bare, after the others have ended",
  inVirtualTime(async () => {
    const log: string[] = [];
    const interrupt = new KeyboardInterrupt();
    const error = await assertRejects(() =>
      taskGroup(async (group) => {
        group.createTask(waiting(log, "task", new Error("while cleaning up")));
        group.createTask(async () => {
          await sleep(1);
          throw interrupt;
        });
        await waiting(log, "body")();
      })
    );
    assertStrictEquals(error, interrupt);
    assertEquals(log.sort(), ["body: CancelledError", "task: CancelledError"]);
    assertEquals(currentTask()!.cancelling(), 0);
    await sleep(1);
  }),
);

Deno.test(
  "taskGroup() throws a KeyboardInterrupt of the body bare",
  inVirtualTime(async () => {
    const interrupt = new KeyboardInterrupt();
    const error = await assertRejects(() =>
      taskGroup(async (group) => {
        group.createTask(failing(1, "boom"));
        try {
          await sleep(1e6);
        } catch {
          throw interrupt;
        }
      })
    );
    assertStrictEquals(error, interrupt);
    assertEquals(currentTask()!.cancelling(), 0);
  }),
);

Deno.test(
  "taskGroup() with a KeyboardInterrupt keeps a cancellation from outside for the next await",
  inVirtualTime(async () => {
    const log: string[] = [];
    const interrupt = new KeyboardInterrupt();
    const task = createTask(async () => {
      const error = await assertRejects(() =>
        taskGroup((group) => {
          group.createTask(async () => {
            try {
              await sleep(1e6);
            } finally {
              // deno-lint-ignore no-unsafe-finally -- that is what is tested
              throw interrupt;
            }
          });
        })
      );
      assertStrictEquals(error, interrupt);
      log.push("interrupted");
      await sleep(1);
      log.push("never");
    });
    await sleep(1);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(log, ["interrupted"]);
  }),
);

Deno.test("A cancellation that the errors of two groups displace still cancels the task", () =>
  run(async () => {
    const task = createTask(async () => {
      currentTask()!.cancel();
      const outer = taskGroup(async (group) => {
        group.createTask(() => sleep(1));
        await taskGroup((inner) => {
          inner.createTask(() => sleep(1));
          throw new Error("failed");
        });
      });
      await assertRejects(() => outer, ExceptionGroup);
    });
    await assertRejects(() => task, CancelledError);
  }));

Deno.test("A cancellation that errors displace is thrown again after groups that ended in a row", () =>
  run(async () => {
    const nothing = async () => {};
    const groupOf = async (child: () => unknown) => {
      await taskGroup((group) => void group.createTask(child));
    };
    const attempt = async (fn: () => unknown, handler: () => unknown) => {
      try {
        await fn();
      } catch {
        await handler();
      }
    };
    let goesOn = false;
    const task = createTask(async () => {
      await attempt(async () => await groupOf(() => sleep(1)), nothing);
      await attempt(async () => {
        await attempt(async () => {
          await nothing();
          await groupOf(() => sleep(0));
        }, nothing);
        await groupOf(() => {
          throw new Error("failed");
        });
      }, async () => {
        await sleep(0);
        goesOn = true;
      });
    });
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertFalse(goesOn);
  }));

Deno.test("A failed group takes a request back, as in asyncio, even if its own was taken back", () =>
  run(async () => {
    const task = createTask(async () => {
      const failed = taskGroup(async (group) => {
        group.createTask(() => {
          throw new Error("failed");
        });
        await assertRejects(() => sleep(1), CancelledError);
        assertEquals(currentTask()!.uncancel(), 0);
        currentTask()!.cancel();
      });
      await assertRejects(() => failed, ExceptionGroup);
      return currentTask()!.cancelling();
    });
    assertEquals(await task, 0);
  }));

Deno.test("TaskGroup cancels its other tasks when the cancel() of one throws", async () => {
  class Stubborn<T> extends Task<T> {
    override cancel(): boolean {
      throw failure;
    }
  }
  const failure = new RangeError("of cancel()");
  const loop = new VirtualTimeLoop();
  const contexts = recordExceptions(loop);
  const log: string[] = [];
  await run(async () => {
    loop.setTaskFactory((loop, coro, options) =>
      options?.name === "stubborn"
        ? new Stubborn(coro, { loop })
        : new Task(coro, { ...options, loop })
    );
    await assertRejects(() =>
      taskGroup((group) => {
        group.createTask(() => sleep(1), { name: "stubborn" });
        const other = group.createTask(() => sleep(3600));
        other.addDoneCallback(() =>
          log.push(`cancelled: ${other.cancelled()}`)
        );
        group.createTask(() => {
          throw new Error("boom");
        });
      }), ExceptionGroup);
    assertEquals(loop.time(), 1);
  }, { loopFactory: () => loop });
  assertEquals(log, ["cancelled: true"]);
  assertEquals(contexts.map(({ exception }) => exception), [failure]);
});

/** The message of the error that a group throws. */
async function messageOf(
  body: (group: TaskGroup) => unknown,
): Promise<string> {
  return (await assertRejects(() => taskGroup(body), ExceptionGroup)).message;
}

Deno.test(
  "TaskGroup says how many of its tasks failed, which, and what with",
  inVirtualTime(async () => {
    assertEquals(
      await messageOf((group) => {
        for (let i = 1; i <= 5; i++) {
          group.createTask(async () => {
            if (i !== 1 && i !== 3) await sleep(60);
            throw new TypeError(`url ${i}\nis invalid`);
          }, { name: `fetch-${i}` });
        }
      }),
      "2 of 5 tasks failed: fetch-1: TypeError: url 1; fetch-3: TypeError: url 3",
    );
    assertEquals(
      await messageOf((group) => {
        for (let i = 1; i <= 32; i++) {
          group.createTask(() => {
            throw i === 1 ? "x".repeat(1000) : i;
          }, { name: `${i}` });
        }
      }),
      `32 of 32 tasks failed: 1: ${"x".repeat(100)}…; 2: 2; 3: 3; and 29 more`,
    );
    assertEquals(
      await messageOf((group) =>
        void group.createTask(() => {
          throw new Error("only");
        }, { name: "one" })
      ),
      "1 of 1 task failed: one: Error: only",
    );
  }),
);

Deno.test(
  "TaskGroup says that its body failed",
  inVirtualTime(async () => {
    assertEquals(
      await messageOf(() => {
        throw new RangeError("own");
      }),
      "The body of a task group failed: RangeError: own",
    );
    assertEquals(
      await messageOf(async (group) => {
        group.createTask(async () => {
          await sleep(1);
          throw new Error("task");
        }, { name: "fetch" });
        await sleep(60).catch(() => {});
        throw new Error("body");
      }),
      "The body of a task group and 1 of 1 task failed: fetch: Error: task; Error: body",
    );
  }),
);

Deno.test(
  "TaskGroup's error shows the names of its tasks, as reports do",
  inVirtualTime(async () => {
    const error = await assertRejects(() =>
      taskGroup((group) => {
        for (let i = 1; i <= 32; i++) {
          group.createTask(failing(0, `refused ${i}`), { name: `fetch-${i}` });
        }
      })
    );
    const text = Deno.inspect(error);
    assert(text.includes("fetch-15: Error: refused 15"), text);
    assert(!text.includes("fetch-16: "), text);
    assert(text.includes("… and 17 more"), text);
    assert(!text.includes("groupOf"), text);

    const printed: unknown[][] = [];
    const { error: print } = console;
    console.error = (...parts: unknown[]) => void printed.push(parts);
    try {
      getRunningLoop().defaultExceptionHandler({
        message: "failed",
        exception: error,
      });
    } finally {
      console.error = print;
    }
    assert(printed[0]!.includes(error));
  }),
);

Deno.test(
  "TaskGroup does not wait in circles in a persistent scope that is cancelled",
  inVirtualTime(async () => {
    const begin = getRunningLoop().time();
    let cleaned = 0;
    const scope = new CancelScope({ deadline: begin + 1, persistent: true });
    await scope.run(() =>
      taskGroup((group) => {
        for (let i = 0; i < 2; i++) {
          group.createTask(async () => {
            try {
              await sleep(60);
            } finally {
              await sleep(5);
              cleaned++;
            }
          });
        }
      })
    );
    assertEquals([scope.caught, cleaned], [true, 2]);
    assertEquals(getRunningLoop().time() - begin, 6);
  }),
);
