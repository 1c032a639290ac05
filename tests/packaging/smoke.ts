// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * A little of everything that works on the oldest Deno that is supported. Throws if something does not.
 *
 * ```sh
 * npx -y deno@2.5.6 run --no-config --allow-net tests/packaging/smoke.ts
 * ```
 *
 * @module
 */

import {
  Barrier,
  createTask,
  gather,
  Lock,
  openConnection,
  Queue,
  run,
  sleep,
  startServer,
  taskGroup,
  timeout,
  TimeoutError,
} from "../../mod.ts";

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual === expected) return;
  throw new Error(`Expected ${what} to be ${expected}: received ${actual}`);
}

async function tasks(): Promise<void> {
  const events: string[] = [];
  const count = (name: string) => async () => {
    for (let i = 0; i < 2; i++) {
      events.push(name + i);
      await sleep(0);
    }
  };
  await gather([count("a"), count("b")]);
  expect("the order", events.join(), "a0,b0,a1,b1");
  const task = createTask(() => sleep(60));
  await sleep(0);
  task.cancel();
  await task.catch(() => {});
  expect("the task", task.cancelled(), true);
  const error = await timeout(0, () => sleep(60)).catch((error) => error);
  expect("the error", error instanceof TimeoutError, true);
}

async function primitives(): Promise<void> {
  const lock = new Lock();
  const barrier = new Barrier(2);
  const queue = new Queue<number>(1);
  let sum = 0;
  await taskGroup((group) => {
    for (let i = 0; i < 2; i++) {
      group.createTask(async () => {
        await barrier.wait();
        for await (const item of queue) {
          using _ = await lock.acquire();
          sum += item;
        }
      });
    }
    group.createTask(async () => {
      for (let i = 1; i <= 4; i++) await queue.put(i);
      queue.shutdown();
    });
  });
  expect("the sum", sum, 10);
}

async function streams(): Promise<void> {
  await using server = await startServer(
    async (reader, writer) => {
      writer.write(await reader.readLine());
      writer.close();
    },
    "127.0.0.1",
    0,
  );
  const { hostname, port } = server.sockets[0]!.addr;
  const [reader, writer] = await openConnection(hostname, port);
  writer.write("hello\n");
  const line = new TextDecoder().decode(await reader.readLine());
  expect("the line", line, "hello\n");
  writer.close();
  await writer.waitClosed();
}

await run(async () => {
  await tasks();
  await primitives();
  await streams();
});
console.log(`Everything works on Deno ${Deno.version.deno}`);
