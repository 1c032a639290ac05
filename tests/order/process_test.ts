// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";

/** Runs a program in a process of its own, on this library. */
async function play(
  body: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const library = import.meta.resolve("../../mod.ts");
  const program = `
    import { createTask, Future, gather, Queue, run, sleep } from "${library}";
    ${body}
  `;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-lock",
      `data:application/typescript,${encodeURIComponent(program)}`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("CancelledError: one in a branch that is never awaited does not end the process", async () => {
  const { code, stdout, stderr } = await play(`
    await run(async () => {
      const task = createTask(async () => {
        const forgotten = (async () => { await sleep(3600); })();
        await Promise.all([sleep(3600), sleep(3600), (async () => { await sleep(3600); })()]);
        await forgotten;
      });
      await sleep(0);
      task.cancel();
      await gather([task], { returnExceptions: true });
      await sleep(0.01);
      console.log("cancelled:", task.cancelled());
    });
    const task = createTask(() => sleep(3600));
    await sleep(0);
    task.cancel();
    await sleep(0.01);
    console.log("the end");
  `);
  assertEquals({ code, stdout, stderr }, {
    code: 0,
    stdout: "cancelled: true\nthe end\n",
    stderr: "",
  });
});

Deno.test("CancelledError: other unhandled rejections still end the process", async () => {
  const { code, stdout, stderr } = await play(`
    await run(async () => {
      const task = createTask(async () => {
        const forgotten = (async () => {
          try {
            await sleep(3600);
          } catch {
            throw new Error("while cleaning up");
          }
        })();
        await sleep(3600);
        await forgotten;
      });
      await sleep(0);
      task.cancel();
      await gather([task], { returnExceptions: true });
      await sleep(0.01);
      console.log("never");
    });
  `);
  assertEquals({ code, stdout }, { code: 1, stdout: "" });
  assertStringIncludes(stderr, "while cleaning up");
});

Deno.test("CancelledError: an unhandled one that the program created ends the process", async () => {
  const { code, stderr } = await play(`
    const { CancelledError } = await import("${
    import.meta.resolve("../../mod.ts")
  }");
    Promise.reject(new CancelledError("my own"));
    await sleep(0.01);
  `);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "my own");
});

Deno.test("EventLoop: a program with nothing left to do exits by itself", async () => {
  const { code, stdout, stderr } = await play(`
    createTask(async () => {
      await sleep(0.001);
      console.log("task");
    });
    // A wait that can never end does not keep the process alive.
    createTask(() => new Queue().get());
    createTask(() => new Promise(() => {}));
    new Future().then(() => console.log("never"));
    await run(async () => {
      await sleep(0.001);
      console.log("run");
    });
  `);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(stdout.split("\n").toSorted(), ["", "run", "task"]);
});

Deno.test("Task: an unretrieved exception is reported at the end of the process", async () => {
  const { code, stderr } = await play(`
    const task = createTask(() => { throw new Error("lost"); });
    globalThis.kept = task;
    await sleep(0);
  `);
  assertEquals(code, 0);
  assertStringIncludes(stderr, "never retrieved");
  assertStringIncludes(stderr, "lost");
});

Deno.test("run(): an exception of the main task is run()'s own", async () => {
  const { code, stdout, stderr } = await play(`
    try {
      await run(async () => { await sleep(0); throw new Error("main failed"); });
    } catch (error) {
      console.log(error.message);
    }
    await run(() => { throw new Error("not caught"); });
  `);
  assertEquals({ code, stdout }, { code: 1, stdout: "main failed\n" });
  assertStringIncludes(stderr, "not caught");
  assert(!stderr.includes("never retrieved"));
});
