// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Queue } from "../../../queues/mod.ts";
import {
  KeyedLock,
  Lock,
  ReadWriteLock,
  Semaphore,
} from "../../../sync/mod.ts";
import {
  createTask,
  currentTask,
  futureAddToAwaitedBy,
  run,
  sleep,
  taskGroup,
  timeout,
  wait,
} from "../../../tasks/mod.ts";
import { inVirtualTime } from "../../../testing/mod.ts";
import { Future, type Task } from "../../mod.ts";
import { findingsIn, formatTree } from "./tree.ts";
import { snapshotNow } from "./snapshot.ts";

/** The tree as it is, times and numbers of objects aside. */
function tree(): string {
  return formatTree(snapshotNow()).replaceAll(/[\d.]+ s/g, "N s")
    .replaceAll(/(Lock|Queue|Event|Semaphore) \d+/g, "$1 N");
}

Deno.test("formatTree() shows groups, limits and what awaits what", () =>
  run(async () => {
    currentTask()!.setName("main");
    const inner = createTask(() => sleep(60), { name: "inner" });
    createTask(() =>
      timeout(100, () =>
        taskGroup((group) => {
          group.createTask(async () => await inner, { name: "a" });
          group.createTask(async () => await inner, { name: "b" });
        })), { name: "parent" });
    await sleep(0);
    await sleep(0);
    await sleep(0);
    assertEquals(
      tree(),
      `main  running
parent  waits for Future
└─ [Timeout, N s left]
   └─ [TaskGroup]
      ├─ a  waits for task 'inner'
      │  └─ inner  waits for sleep(), N s left
      └─ b  waits for task 'inner'
         └─ 'inner', see above`,
    );
    inner.cancel();
  }));

Deno.test("formatTree() names the tasks that hold what another waits for", () =>
  run(async () => {
    currentTask()!.setName("main");
    const semaphore = new Semaphore(4);
    const holding: Task<unknown>[] = [];
    for (const name of ["a", "b", "c", "d"]) {
      holding.push(createTask(async () => {
        using _ = await semaphore.acquire();
        await sleep(60);
      }, { name }));
    }
    await sleep(0);
    createTask(() => semaphore.acquire(), { name: "waiting" });
    const lineOf = async (name: string) => {
      await sleep(0);
      await sleep(0);
      return tree().split("\n").find((each) => each.startsWith(`${name}  `));
    };
    assertEquals(
      await lineOf("waiting"),
      "waiting  waits for Semaphore.acquire() of Semaphore N, which 'a', 'b' and 2 more hold",
    );
    // The permits of d and a go to the one that waits, and to this task.
    holding[3]!.cancel();
    await sleep(0);
    await sleep(0);
    holding[0]!.cancel();
    await sleep(0);
    await semaphore.acquire();
    createTask(() => semaphore.acquire(), { name: "next" });
    assertEquals(
      await lineOf("next"),
      "next  waits for Semaphore.acquire() of Semaphore N, which 'b', 'c' and 2 more hold",
    );
    // A permit that is returned without its guard could be that of any of them.
    semaphore.release();
    createTask(() => semaphore.acquire(), { name: "last" });
    assertEquals(
      await lineOf("last"),
      "last  waits for Semaphore.acquire() of Semaphore N",
    );
    for (const task of holding) task.cancel();
  }));

Deno.test("formatTree() says that a task ended without releasing a lock", () =>
  run(async () => {
    const lock = new Lock();
    await createTask(async () => void await lock.acquire());
    createTask(() => lock.acquire(), { name: "waiting" });
    await sleep(0);
    assertStringIncludes(
      tree(),
      "Lock.acquire() of Lock N, which a task that has ended holds",
    );
  }));

Deno.test("formatTree() finds deadlocks on semaphores and read-write locks", () =>
  run(async () => {
    currentTask()!.setName("main");
    const lock = new ReadWriteLock();
    const upgrading = createTask(async () => {
      using _ = await lock.read();
      using __ = await lock.write();
    }, { name: "upgrades" });
    for (let i = 0; i < 3; i++) await sleep(0);
    assertMatch(
      formatTree(snapshotNow()),
      /! A task waits for itself\n {4}'upgrades' waits for ReadWriteLock\.write\(\) of ReadWriteLock \d+, which 'upgrades' holds\n/,
    );
    upgrading.cancel();
    for (const [permits, expected] of [[1, 1], [2, 0]] as const) {
      const semaphores = [new Semaphore(permits), new Semaphore(permits)];
      const take = (first: number) => async () => {
        using _ = await semaphores[first]!.acquire();
        using __ = permits === 2 ? await semaphores[first]!.acquire() : null;
        await sleep(0);
        using ___ = await semaphores[1 - first]!.acquire();
      };
      const tasks = [createTask(take(0)), createTask(take(1))];
      for (let i = 0; i < 3; i++) await sleep(0);
      const circles = findingsIn(snapshotNow())
        .filter(({ kind }) => kind === "circle");
      assertEquals(circles.length, expected);
      for (const task of tasks) task.cancel();
      await wait(tasks);
    }
  }));

Deno.test("formatTree() names two tasks that each hold the lock the other wants", () =>
  run(async () => {
    const locks = [new Lock(), new Lock()] as const;
    const take = (first: Lock, second: Lock) => async () => {
      using _ = await first.acquire();
      await sleep(0);
      using __ = await second.acquire();
    };
    createTask(take(...locks), { name: "one" });
    createTask(take(locks[1], locks[0]), { name: "two" });
    for (let i = 0; i < 3; i++) await sleep(0);
    assertMatch(
      tree(),
      /^! 2 tasks wait for each other in a circle\n( {4}'(one|two)' waits for Lock\.acquire\(\) of Lock N, which '(one|two)' holds\n){2}/,
    );
  }));

Deno.test("formatTree() names the holder of a key of a keyed lock, and not the key", () =>
  run(async () => {
    const locks = new KeyedLock<string>();
    const take = (first: string, second: string) => async () => {
      using _ = await locks.acquire(first);
      await sleep(0);
      using __ = await locks.acquire(second);
    };
    createTask(take("secret a", "secret b"), { name: "one" });
    createTask(take("secret b", "secret a"), { name: "two" });
    for (let i = 0; i < 3; i++) await sleep(0);
    assertMatch(
      tree(),
      /'one' waits for KeyedLock\.acquire\(\) of KeyedLock N, which 'two' holds\n/,
    );
    assert(!tree().includes("secret"));
  }));

Deno.test("formatTree() names the holder of a lock that was passed on", () =>
  inVirtualTime(async () => {
    const lock = new Lock();
    const hold = async () => {
      using _ = await lock.acquire();
      await sleep(0.01);
    };
    for (const name of ["a", "b", "c"]) createTask(hold, { name });
    await sleep(0);
    assertStringIncludes(
      tree(),
      "c  waits for Lock.acquire() of Lock N, which 'a' holds",
    );
    await sleep(0.015);
    assertStringIncludes(
      tree(),
      "c  waits for Lock.acquire() of Lock N, which 'b' holds",
    );
  })());

Deno.test("formatTree() shows a circle of tasks once", () =>
  run(async () => {
    const tasks = ["a", "b"].map((name) =>
      createTask(() => new Future<void>(), { name })
    ) as [Task, Task];
    const [a, b] = tasks;
    futureAddToAwaitedBy(a, b);
    futureAddToAwaitedBy(b, a);
    await sleep(0);
    assertEquals(
      tree().split("\n").slice(0, 3),
      [
        "! 2 tasks wait for each other in a circle",
        "    'a' waits for task 'b'",
        "    'b' waits for task 'a'",
      ],
    );
    assertStringIncludes(
      tree(),
      "a  waits for Future\n└─ b  waits for Future\n   └─ 'a', see above",
    );
  }));

Deno.test("formatTree() of a chain that is longer than the stack ends", () =>
  run(async () => {
    let last: Task = createTask(() => sleep(60));
    for (let i = 0; i < 20_000; i++) {
      const next: Task = last;
      last = createTask(async () => await next);
    }
    for (let i = 0; i < 3; i++) await sleep(0);
    assertMatch(tree(), /\nand \d+ more tasks$/);
    last.cancel();
    await wait([last]);
  }));

Deno.test("findingsIn() finds a queue that no task takes from", () =>
  run(async () => {
    const queue = new Queue<number>(2);
    createTask(async () => {
      for (let i = 0; i < 5; i++) await queue.put(i);
    }, { name: "producer" });
    await sleep(0);
    const [finding] = findingsIn(snapshotNow());
    assertMatch(
      finding!.text,
      /^No task waits to get from Queue \d+ \(2 of 2\), 1 task waits to put$/,
    );
    assertEquals(finding!.details, ["'producer'"]);
    createTask(() => queue.get());
    await sleep(0);
    assertEquals(findingsIn(snapshotNow()), []);
  }));

Deno.test("findingsIn() finds old tasks that no task awaits", () =>
  run(async () => {
    createTask(() => sleep(60), { name: "leaked" });
    await sleep(0);
    const { tasks, ...rest } = snapshotNow();
    const aged = {
      ...rest,
      tasks: tasks.map((task) => ({ ...task, age: 30 })),
    };
    assertEquals(findingsIn(aged).map(({ text, details }) => [text, details]), [
      ["No task awaits 1 old task", ["'leaked' is 30 s old"]],
    ]);
    assertEquals(findingsIn(snapshotNow()), []);
  }));
