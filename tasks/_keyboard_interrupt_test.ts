// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type ProgramOutput, runProgram } from "../tests/doubles/program.ts";

/** A signal listener does not keep Windows from ending the process. */
const ignore = Deno.build.os === "windows";

/** Runs a program that says when it is ready, and sends it a signal then. */
function interrupt(
  source: string,
  signal: Deno.Signal = "SIGINT",
): Promise<ProgramOutput> {
  return runProgram(
    `
    import { ExceptionGroup, KeyboardInterrupt, run, sleep, taskGroup } from "asyncio";

    async function main() {
      try {
        console.log("ready");
        await sleep(3600);
      } finally {
        console.log("clean");
      }
    }

    ${source}
    `,
    {
      onOutput(stdout, child) {
        if (stdout === "ready\n") child.kill(signal);
      },
    },
  );
}

const QUIET_END: ProgramOutput = {
  code: 130,
  stdout: "ready\nclean\n",
  stderr: "KeyboardInterrupt: Interrupted by SIGINT\n",
};

for (
  const [how, source] of [
    ["awaited", "await run(main); console.log('never');"],
    ["not awaited", "run(main);"],
    [
      "passed on by other functions",
      `
      async function outer() {
        try {
          await using _resource = { [Symbol.asyncDispose]: () => Promise.resolve() };
          await run(main);
        } catch (error) {
          throw error;
        }
      }
      await outer();
    `,
    ],
    [
      "in a task group",
      "await run(() => taskGroup((group) => void group.createTask(main)));",
    ],
    [
      "after a clean-up of its own",
      `
      try {
        await run(main);
      } finally {
        await run(() => sleep(0.001));
      }
    `,
    ],
    [
      "of several",
      "await Promise.all([run(main), run(() => sleep(3600))]);",
    ],
  ] as const
) {
  Deno.test({
    name:
      `run(), ${how}, ends a program that does not catch the KeyboardInterrupt with code 130 and one line`,
    ignore,
    async fn() {
      assertEquals(await interrupt(source), QUIET_END);
    },
  });
}

Deno.test({
  name: "run() that is interrupted lets the program's unload listeners run",
  ignore,
  async fn() {
    const output = await interrupt(`
      addEventListener("unload", () => console.log("unloaded"));
      await run(main);
    `);
    assertEquals(output, { ...QUIET_END, stdout: "ready\nclean\nunloaded\n" });
  },
});

Deno.test({
  name: "run() that is interrupted in debug mode prints the stack as well",
  ignore,
  async fn() {
    const { code, stderr } = await interrupt(
      `await run(main, { debug: true });`,
    );
    assertEquals(code, 130);
    assertStringIncludes(stderr, "KeyboardInterrupt: Interrupted by SIGINT\n");
    assertStringIncludes(stderr, "\n    at ");
    assertStringIncludes(stderr, "CancelledError");
    assert(!stderr.includes("Uncaught"), stderr);
  },
});

for (
  const [code, handling] of [
    [0, ""],
    [3, "Deno.exitCode = 3;"],
    [4, "Deno.exit(4);"],
  ] as const
) {
  Deno.test({
    name:
      `run() whose KeyboardInterrupt is caught leaves the exit code ${code} to the program`,
    ignore,
    async fn() {
      const output = await interrupt(`
        try {
          await run(main);
        } catch (error) {
          if (!(error instanceof KeyboardInterrupt)) throw error;
          await run(() => sleep(0.001));
          console.log("caught");
          ${handling}
        }
      `);
      assertEquals(output, {
        code,
        stdout: "ready\nclean\ncaught\n",
        stderr: "",
      });
    },
  });
}

Deno.test({
  name:
    "run() leaves an unhandled KeyboardInterrupt to a listener of the program's that takes it",
  ignore,
  async fn() {
    const output = await interrupt(`
      addEventListener("unhandledrejection", (event) => {
        event.preventDefault();
        console.log("taken", event.reason.name);
      });
      run(main);
    `);
    assertEquals(output, {
      code: 0,
      stdout: "ready\nclean\ntaken KeyboardInterrupt\n",
      stderr: "",
    });
  },
});

for (
  const [what, expression] of [
    ["a KeyboardInterrupt of the program's own", "new KeyboardInterrupt('x')"],
    ["an error with it as the cause", "new Error('x', { cause: error })"],
    ["a group with it", "new ExceptionGroup('x', [error])"],
  ] as const
) {
  Deno.test({
    name: `run() leaves it an error like others to throw ${what}`,
    ignore,
    async fn() {
      const { code, stderr } = await interrupt(`
        try {
          await run(main);
        } catch (error) {
          throw ${expression};
        }
      `);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "Uncaught");
    },
  });
}

Deno.test({
  name: "run() leaves SIGTERM what it is by default: the end, at once",
  ignore,
  async fn() {
    const output = await interrupt("await run(main);", "SIGTERM");
    assertEquals(output, { code: 143, stdout: "ready\n", stderr: "" });
  },
});
