// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";

const VIEWER = new URL("./mod.ts", import.meta.url).href;
const ENTRY = new URL("../mod.ts", import.meta.url).href;

async function view(...args: string[]): Promise<{ out: string; err: string }> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", VIEWER, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs a program without any permission while `body` looks at it. */
async function withProgram(
  code: string,
  body: (pid: number) => Promise<unknown>,
): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", file],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(process.stderr).text();
  try {
    const output = process.stdout.getReader();
    await output.read();
    output.releaseLock();
    await body(process.pid);
  } finally {
    process.kill("SIGKILL");
    await process.stdout.cancel();
    await process.status;
    await Deno.remove(file);
  }
  return await errors;
}

Deno.test({
  name:
    "inspect looks at a program that did not prepare for it, and closes its debugger again",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const code = `
      import { createTask, Event, run } from ${JSON.stringify(ENTRY)};
      await run(async () => {
        const event = new Event();
        setInterval(() => {}, 1000);
        createTask(() => event.wait(), { name: "unprepared" });
        console.log("ready");
        await event.wait();
      });`;
    const errors = await withProgram(code, async (pid) => {
      for (let i = 0; i < 2; i++) {
        const { out, err } = await view("ps", String(pid));
        assertStringIncludes(err, "full access to the program");
        assertMatch(out, /\nunprepared +waiting +Event\.wait\(\) of Event \d+/);
      }
    });
    // It was opened, and closed, each time.
    assertEquals(errors.match(/Debugger listening/g)?.length, 2);
  },
});

Deno.test({
  name: "inspect measures, traces and records places through the debugger",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const code = `
      import { createTask, run, sleep } from ${JSON.stringify(ENTRY)};
      async function tick() {
        while (true) await sleep(0.01);
      }
      await run(async () => {
        createTask(tick, { name: "ticking" });
        console.log("ready");
        await sleep(3600);
      });`;
    await withProgram(code, async (pid) => {
      const { out: top } = await view("top", String(pid));
      assertMatch(top, /steps [1-9]\d*\/s/);
      const { out: ps } = await view("ps", String(pid), "--sites", "0.3");
      assertMatch(ps, /\nticking .* tick \(.*\.ts:\d+\)\n/);
      const file = await Deno.makeTempFile();
      await view("trace", String(pid), "--seconds", "0.3", "-o", file);
      const { traceEvents } = JSON.parse(await Deno.readTextFile(file));
      assert(
        traceEvents.some((each: { ph: string; name: string }) =>
          each.ph === "X" && each.name === "ticking"
        ),
      );
      await Deno.remove(file);
      const { err } = await view("cancel", String(pid), "1");
      assertStringIncludes(err, "inspect({ allowCancel: true })");
    });
  },
});

Deno.test({
  name: "inspect closes the debugger when a signal ends the viewer",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const code = `
      import { run, sleep } from ${JSON.stringify(ENTRY)};
      console.log("ready");
      await run(() => sleep(3600));`;
    await withProgram(code, async (pid) => {
      const viewer = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", VIEWER, "web", String(pid), "--no-open"],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const reader = viewer.stdout.getReader();
      await reader.read();
      reader.releaseLock();
      viewer.kill("SIGINT");
      await viewer.stdout.cancel();
      await viewer.status;
      const { out, err } = await view("ps", String(pid));
      assertStringIncludes(err, "debugger is opened in it");
      assertStringIncludes(out, "1 task");
    });
  },
});

Deno.test({
  name: "inspect says that a program does not use the library",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await withProgram(
      `setInterval(() => {}, 1000); console.log("ready");`,
      async (pid) => {
        const { err } = await view("ps", String(pid));
        assertStringIncludes(err, "The program does not use the library");
      },
    );
  },
});

Deno.test({
  name: "inspect does not send SIGUSR1 to a process that is not Deno",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    // The signal would kill the first; the second has a handler of its own.
    const commands = [["sleep", "60"], [
      "sh",
      "-c",
      "trap 'exit 5' USR1; while true; do sleep 0.1; done",
    ]];
    for (const [command, ...args] of commands) {
      const process = new Deno.Command(command!, { args }).spawn();
      try {
        const { err } = await view("ps", String(process.pid));
        assertStringIncludes(err, "it is not Deno");
      } finally {
        process.kill("SIGTERM");
        assertEquals((await process.status).signal, "SIGTERM");
      }
    }
    const { err } = await view("ps", "999999999");
    assertStringIncludes(err, "There is no process 999999999");
  },
});
