// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertLess,
  assertStringIncludes,
} from "@std/assert";
import { Queue } from "../../../queues/mod.ts";
import { Barrier, Event, Lock, Semaphore } from "../../../sync/mod.ts";
import {
  cancelScope,
  createTask,
  currentTask,
  gather,
  run,
  sleep,
  taskGroup,
  timeout,
  wait,
} from "../../../tasks/mod.ts";
import { Future, newEventLoop, Task } from "../../mod.ts";
import { callInline } from "../inline_call.ts";
import { currentScheduler } from "../scheduler.ts";
import {
  printable,
  pulse,
  rememberQueues,
  type Snapshot,
  snapshotNow,
  snapshotParts,
  takeSnapshot,
  type TaskInfo,
} from "./snapshot.ts";

function taskIn({ tasks }: Snapshot, name: string): TaskInfo {
  const task = tasks.find((each) => each.name === name);
  assert(task !== undefined, `${name} is missing`);
  return task;
}

/** Runs a body, and ends all tasks that it has left. */
function inspected(body: () => unknown): () => Promise<void> {
  return () =>
    run(async () => {
      currentTask()!.setName("main");
      await body();
    });
}

Deno.test(
  "snapshotNow() says what each task does and waits for",
  inspected(async () => {
    const [lock, full, event] = [new Lock(), new Queue(1), new Event()];
    const semaphore = new Semaphore(0);
    full.putNowait("secret");
    await lock.acquire();
    const named = (name: string, coro: () => unknown) =>
      createTask(coro, { name });
    named("locked", () => lock.acquire());
    named("putting", () => full.put("secret too"));
    named("flag", () => event.wait());
    named("permit", () => semaphore.acquire());
    named("asleep", () => sleep(60));
    named("plain", () => new Future());
    named("barrier", () => new Barrier(2).wait());
    named(
      "calling",
      () =>
        callInline(currentScheduler(), "call()", async () => {
          await event.wait();
        }),
    );
    const released = Promise.withResolvers<void>();
    named("outside", async () => await released.promise);
    await sleep(0);
    await sleep(0);
    named("new", () => sleep(0));
    const snapshot = snapshotNow();
    const waitOf = (name: string) => taskIn(snapshot, name).waits?.[0];
    const objectOf = (name: string) =>
      snapshot.objects.find(({ id }) => id === waitOf(name)?.on);
    assertEquals(waitOf("locked")?.for, "Lock.acquire()");
    assertEquals(objectOf("locked")?.holders, [taskIn(snapshot, "main").id]);
    assertEquals(objectOf("putting")?.size, 1);
    assertEquals(objectOf("putting")?.putters, 1);
    assertEquals(objectOf("flag")?.set, false);
    assertEquals(objectOf("permit")?.permits, 0);
    assertEquals(Math.round(waitOf("asleep")!.left!), 60);
    assertEquals(waitOf("plain")?.for, "Future");
    assertEquals(waitOf("barrier")?.for, "Barrier.wait()");
    assertEquals(objectOf("barrier")?.state, "filling");
    assertEquals(waitOf("calling")?.for, "call()");
    assertEquals(waitOf("calling")?.inside?.[0]?.for, "Event.wait()");
    const activities = Object.fromEntries(
      snapshot.tasks.map(({ name, activity }) => [name, activity]),
    );
    assertEquals(activities["main"], "running");
    assertEquals(activities["outside"], "outside");
    assertEquals(activities["new"], "new");
    assertEquals(activities["locked"], "waiting");
    assertEquals(snapshot.loops.find(({ tasks }) => tasks.running)?.tasks, {
      new: 1,
      ready: 0,
      running: 1,
      waiting: 8,
      outside: 1,
    });
    assert(!JSON.stringify(snapshot).includes("secret"));
    released.resolve();
  }),
);

Deno.test(
  "snapshotNow() says that a task whose turn has come is ready",
  inspected(async () => {
    const [event, future] = [new Event(), new Future<void>()];
    createTask(() => event.wait(), { name: "woken" });
    createTask(async () => await future, { name: "settled" });
    await sleep(0);
    event.set();
    future.setResult();
    const snapshot = snapshotNow();
    assertEquals(taskIn(snapshot, "woken").activity, "ready");
    assertEquals(taskIn(snapshot, "settled").activity, "ready");
  }),
);

Deno.test(
  "snapshotNow() has the scopes of a task, with deadlines, groups and requests",
  inspected(async () => {
    const over = new Future<void>();
    createTask(
      () =>
        timeout(100, () =>
          taskGroup(async (group) => {
            group.createTask(() => sleep(60), { name: "child" });
            await cancelScope(async (scope) => {
              scope.cancel();
              try {
                await sleep(60);
              } catch {
                await over;
              }
            }, { shield: true });
          })),
      { name: "parent" },
    );
    await sleep(0);
    await sleep(0);
    const snapshot = snapshotNow();
    const parent = taskIn(snapshot, "parent");
    const child = taskIn(snapshot, "child");
    const scopes = parent.scopes!.map((scope) => ({
      ...scope,
      ...scope.left !== undefined && { left: Math.round(scope.left) },
    }));
    assertEquals(scopes, [
      { kind: "Timeout", left: 100 },
      { kind: "TaskGroup", parent: 0, tasks: [child.id] },
      { kind: "CancelScope", parent: 1, shield: true, cancelled: true },
    ]);
    assertEquals(parent.cancelling, 1);
    assertEquals(parent.waits?.[0]?.scope, 2);
    assertEquals(child.awaitedBy, [parent.id]);
    over.setResult();
  }),
);

Deno.test(
  "snapshotNow() says who awaits a task, directly or not",
  inspected(async () => {
    const inner = createTask(() => sleep(60), { name: "inner" });
    createTask(async () => await inner, { name: "directly" });
    createTask(() => gather([inner]), { name: "gathering" });
    createTask(() => wait([inner]), { name: "waiting" });
    await sleep(0);
    await sleep(0);
    const snapshot = snapshotNow();
    const expected = ["directly", "gathering", "waiting"].map((name) =>
      taskIn(snapshot, name).id
    );
    assertEquals(
      taskIn(snapshot, "inner").awaitedBy?.toSorted(),
      expected.toSorted(),
    );
    assertEquals(
      taskIn(snapshot, "directly").waits?.[0]?.task,
      taskIn(snapshot, "inner").id,
    );
    inner.cancel();
  }),
);

Deno.test(
  "snapshotNow() runs no user code, and escapes names",
  inspected(async () => {
    let calls = 0;
    class Odd extends Task<void> {
      override getName(): string {
        calls++;
        return "odd";
      }
      override done(): boolean {
        calls++;
        return super.done();
      }
      override toString(): string {
        calls++;
        return "odd";
      }
      override get [Symbol.toStringTag](): string {
        calls++;
        return "Odd";
      }
    }
    class OddLock extends Lock {
      override toString(): string {
        calls++;
        return "odd";
      }
      override locked(): boolean {
        calls++;
        return super.locked();
      }
    }
    const trap = new Proxy({}, {
      get: () => calls++,
      has: () => (calls++, true),
    });
    const lock = new OddLock();
    await lock.acquire();
    const task = new Odd(() => lock.acquire().then(() => {}), {
      name: "\x1b[31mred\u202e",
    });
    createTask(() => sleep(60, trap));
    createTask(() => sleep(0, trap)).cancel();
    await sleep(0);
    calls = 0;
    const snapshot = snapshotNow();
    assertEquals(calls, 0);
    taskIn(snapshot, "\\u{1b}[31mred\\u{202e}");
    task.cancel();
  }),
);

Deno.test("snapshotNow() has places in debug mode, those of user code only", () =>
  run(async () => {
    async function work() {
      await sleep(60);
    }
    const task = createTask(work, { name: "work" });
    await sleep(0);
    const { stack, created } = taskIn(snapshotNow(), "work");
    assertEquals(stack?.map((site) => site.function), ["work"]);
    assertStringIncludes(created![0]!.file, "snapshot_test.ts");
    task.cancel();
  }, { debug: true }));

Deno.test("snapshotNow() shows queues that no task waits for, once they are remembered", () =>
  run(() => {
    const queue = new Queue();
    queue.putNowait(1);
    const sizes = () =>
      snapshotNow().objects.filter(({ kind }) => kind === "Queue")
        .map(({ size }) => size);
    assertEquals(sizes(), []);
    rememberQueues();
    const second = new Queue();
    for (let i = 0; i < 3; i++) second.putNowait(i);
    assertEquals(sizes(), [3]);
  }));

Deno.test("rememberQueues() keeps nothing of queues that are collected", async () => {
  const code = `
    import { Queue } from ${
    JSON.stringify(import.meta.resolve("../../../queues/mod.ts"))
  };
    import { rememberQueues } from ${
    JSON.stringify(import.meta.resolve("./snapshot.ts"))
  };
    async function heapAfter(rounds) {
      for (let i = 0; i < rounds; i++) {
        for (let j = 0; j < 2000; j++) new Queue();
        await new Promise((resolve) => setTimeout(resolve, 0));
        gc();
      }
      return Deno.memoryUsage().heapUsed;
    }
    rememberQueues();
    const before = await heapAfter(10);
    console.log(await heapAfter(100) - before < 4_000_000);`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--expose-gc", code],
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(new TextDecoder().decode(stdout), "true\n");
});

Deno.test("snapshotNow() gives tasks that began together the same age", () =>
  run(async () => {
    const stop = pulse.start();
    for (let i = 0; i < 5000; i++) createTask(() => sleep(60));
    await sleep(0);
    const { tasks } = snapshotNow();
    const ages = new Set(tasks.slice(1).map(({ waits }) => waits?.[0]?.age));
    assertEquals(ages.size, 1);
    stop();
  }));

Deno.test("snapshotNow() counts all tasks, and describes as many as it may", () =>
  run(async () => {
    for (let i = 0; i < 10; i++) createTask(() => sleep(60));
    await sleep(0);
    const { tasks, loops } = snapshotNow({ limit: 3 });
    assertEquals(tasks.length, 3);
    assertEquals(loops.find(({ tasks }) => tasks.running)?.tasks.waiting, 10);
  }));

Deno.test("snapshotNow() leaves out loops that are closed, and keeps the others apart", async () => {
  const loop = newEventLoop();
  await loop.runUntilComplete(async () => {
    createTask(() => sleep(60), { name: "elsewhere" });
    await sleep(0);
  });
  await run(() => {
    currentTask()!.setName("main");
    const snapshot = snapshotNow();
    const here = taskIn(snapshot, "main").loop;
    assert(taskIn(snapshot, "elsewhere").loop !== here);
  });
  await loop.runUntilComplete(async () => {
    const { tasks } = snapshotNow();
    assertEquals(tasks.some(({ name }) => name === "elsewhere"), true);
    await sleep(0);
  });
  loop.setExceptionHandler(() => {});
  loop.close();
  assertEquals(
    snapshotNow().tasks.some(({ name }) => name === "elsewhere"),
    false,
  );
});

Deno.test("snapshotNow() estimates ages while the pulse is on", () =>
  run(async () => {
    createTask(() => sleep(60), { name: "old" });
    await sleep(0);
    assertEquals(taskIn(snapshotNow(), "old").age, undefined);
    const stop = pulse.start();
    await sleep(0.02);
    const old = taskIn(snapshotNow(), "old");
    assert(old.age! >= 0.019 && old.age! < 5);
    assert(old.waits![0]!.age! >= 0.019);
    stop();
  }));

Deno.test("takeSnapshot() of 100,000 tasks takes less than a second, in short slices", () =>
  run(async () => {
    for (let i = 0; i < 100_000; i++) createTask(() => sleep(60));
    await sleep(0);
    await takeSnapshot({ limit: 1000 });
    let longest = 0;
    let size = 0;
    const start = performance.now();
    let last = start;
    for await (const part of snapshotParts()) {
      size += JSON.stringify(part).length;
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    const total = performance.now() - start;
    assert(size > 1_000_000);
    // Generous: the machine may be busy with something else.
    assertLess(total, 4000);
    assertLess(longest, 200);
  }));

Deno.test("snapshotParts() describes tasks and objects a few at a time", () =>
  run(async () => {
    for (let i = 0; i < 1000; i++) createTask(() => new Event().wait());
    await sleep(0);
    const counts = { tasks: 0, objects: 0 };
    for await (const part of snapshotParts()) {
      const { tasks = [], objects = [] } = part as Partial<Snapshot>;
      assertLess(Math.max(tasks.length, objects.length), 201);
      counts.tasks += tasks.length;
      counts.objects += objects.length;
    }
    assertEquals(counts.tasks, 1001);
    assert(counts.objects >= 1000);
  }));

Deno.test("takeSnapshot() copes with tasks that end in the meantime", () =>
  run(async () => {
    for (let i = 0; i < 20_000; i++) {
      createTask(() => sleep(i % 2 ? 0.001 : 60));
    }
    await sleep(0);
    const parts = snapshotParts();
    await parts.next();
    await sleep(0.02);
    let count = 0;
    for await (const part of parts) {
      if ("tasks" in part) count += part.tasks.length;
    }
    assertLess(count, 11_000);
    assert(count >= 9_800);
  }));

Deno.test("printable() escapes what a terminal would obey or hide", () => {
  const cases: [string, string][] = [
    ["plain, ümläut, 日本, 👍", "plain, ümläut, 日本, 👍"],
    ["\x1b[2J\x1b]0;title\x07", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"],
    ["\x9b31m", "\\u{9b}31m"],
    ["two\nlines\r\t", "two\\u{a}lines\\u{d}\\u{9}"],
    ["\u202eabc\u2028", "\\u{202e}abc\\u{2028}"],
    ["\ud800", "\\u{d800}"],
  ];
  for (const [text, expected] of cases) assertEquals(printable(text), expected);
});

Deno.test("printable() cuts off long texts, not in the middle of a character", () => {
  assertEquals(printable("abcdef", 3), "abc…");
  assertEquals(printable("ab👍", 3), "ab…");
});
