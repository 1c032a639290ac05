// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { run, Runner } from "./runner.ts";

const ENTRY = new URL("../mod.ts", import.meta.url).href;

/** Runs a program, sends it signals once it says so, and returns what it prints. */
async function dumped(
  options: string,
  env: Record<string, string>,
  signals: readonly Deno.Signal[],
): Promise<{ out: string; err: string; code: number }> {
  const code = `
    import { createTask, run, sleep, taskGroup } from ${JSON.stringify(ENTRY)};
    await run(async () => {
      createTask(() => sleep(60), { name: "sleeper" });
      await sleep(0.2); // the module of the dump is loaded
      const { promise, resolve } = Promise.withResolvers();
      const { error } = console;
      console.error = (text) => { error(text); resolve(); };
      console.log("ready");
      await promise;
      console.log("goes on");
    }, ${options});`;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  const reader = process.stdout.getReader();
  let out = decoder.decode((await reader.read()).value);
  for (const signal of signals) process.kill(signal);
  for (let next; !(next = await reader.read()).done;) {
    out += decoder.decode(next.value);
  }
  const err = await new Response(process.stderr).text();
  return { out, err, code: (await process.status).code };
}

for (
  const [title, options, env, signal] of [
    ["{ dumpOn }", '{ dumpOn: "SIGUSR2" }', {}, "SIGUSR2"],
    ["ASYNCIO_DUMP=1", "{}", { ASYNCIO_DUMP: "1" }, "SIGQUIT"],
    ["ASYNCIO_DUMP=SIGUSR2", "{}", { ASYNCIO_DUMP: "SIGUSR2" }, "SIGUSR2"],
  ] as const
) {
  Deno.test({
    name:
      `run() with ${title} prints the tree of tasks at the signal, and goes on`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const { out, err, code } = await dumped(options, env, [signal]);
      assertEquals(out, "ready\ngoes on\n");
      assertMatch(
        err,
        /^Tasks at \d{4}-.*Z: 2\n\nTask-1 {2}waits for something outside the library; [\d.]+ s old\nsleeper {2}waits [\d.]+ s for sleep\(\), \d+ s left; [\d.]+ s old\n\n$/,
      );
      assertEquals(code, 0);
    },
  });
}

Deno.test({
  name: "run() without a signal for the dump leaves SIGQUIT to the system",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const { out, code } = await dumped("{}", { ASYNCIO_DUMP: "0" }, [
      "SIGQUIT",
    ]);
    assertEquals(out, "ready\n");
    assertEquals(code, 128 + 3);
  },
});

Deno.test({
  name: "run({ dumpOn }) stops listening at its end",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    for (let i = 0; i < 3; i++) {
      assertEquals(await run(() => i, { dumpOn: "SIGUSR2" }), i);
    }
  },
});

Deno.test("Runner() refuses a dumpOn that is not a signal", () => {
  for (const dumpOn of ["quit", "", 3, null]) {
    assertThrows(
      () => new Runner({ dumpOn: dumpOn as never }),
      TypeError,
      'The dumpOn option must be the name of a signal, such as "SIGQUIT"',
    );
  }
});
