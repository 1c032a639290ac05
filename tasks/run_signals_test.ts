// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { RuntimeError } from "../loop/mod.ts";
import { type ProgramOutput, runProgram } from "../tests/doubles/program.ts";
import { run, Runner, type RunnerOptions } from "./runner.ts";

/** A signal listener does not keep Windows from ending the process. */
const ignore = Deno.build.os === "windows";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** Runs a program, and sends it the signal that its last line names, as in "send SIGTERM". */
function signalled(source: string): Promise<ProgramOutput> {
  let sent = 0;
  return runProgram(
    `import { createTask, CancelledError, KeyboardInterrupt, Runner, run, sleep, getRunningLoop } from "asyncio";
     ${source}`,
    {
      onOutput(stdout, child) {
        const signals = [...stdout.matchAll(/^send (SIG\w+)$/gm)];
        for (; sent < signals.length; sent++) {
          child.kill(signals[sent]![1] as Deno.Signal);
        }
      },
    },
  );
}

for (const [signal, code] of [["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  test(`run() turns a listed ${signal} into a KeyboardInterrupt that names it`, async () => {
    const program = (end: string) => `
      async function main() {
        try {
          console.log("send ${signal}");
          await sleep(3600);
        } finally {
          await sleep(0.001);
          console.log("clean");
        }
      }
      ${end}`;
    const options = `{ signals: ["SIGINT", "${signal}"] }`;
    const caught = await signalled(program(`
      try {
        await run(main, ${options});
      } catch (error) {
        console.log(error instanceof KeyboardInterrupt, error.message);
      }`));
    assertEquals(caught, {
      code: 0,
      stdout: `send ${signal}\nclean\ntrue Interrupted by ${signal}\n`,
      stderr: "",
    });
    const uncaught = await signalled(program(`await run(main, ${options});`));
    assertEquals(uncaught, {
      code,
      stdout: `send ${signal}\nclean\n`,
      stderr: `KeyboardInterrupt: Interrupted by ${signal}\n`,
    });
  });
}

test("run() leaves signals that are not listed to the system", async () => {
  for (
    const [options, signal, code] of [
      ["{}", "SIGTERM", 143],
      ['{ signals: ["SIGTERM"] }', "SIGINT", 130],
      ["{ signals: [] }", "SIGINT", 130],
    ]
  ) {
    const output = await signalled(`
      await run(async () => {
        try {
          console.log("send ${signal}");
          await sleep(3600);
        } finally {
          console.log("clean");
        }
      }, ${options});`);
    assertEquals([output.code, output.stdout], [code, `send ${signal}\n`]);
  }
});

test("run() ends the process at a second signal of any that are listed", async () => {
  const { code, stdout } = await signalled(`
    await run(async () => {
      try {
        console.log("send SIGINT");
        await sleep(3600);
      } finally {
        console.log("send SIGTERM");
        await sleep(3600);
        console.log("never");
      }
    }, { signals: ["SIGINT", "SIGTERM", "SIGTERM"], grace: 3600 });`);
  assertEquals([code, stdout], [143, "send SIGINT\nsend SIGTERM\n"]);
});

test("run() lets the program drain within the grace time", async () => {
  const { code, stdout } = await signalled(`
    const result = await run(async () => {
      try {
        console.log("send SIGTERM");
        await sleep(3600);
      } catch {
        await sleep(0.05);
        return "drained";
      }
    }, { signals: ["SIGTERM"], grace: 30 });
    console.log(result);`);
  // It ends at once, and not with the grace time.
  assertEquals([code, stdout], [0, "send SIGTERM\ndrained\n"]);
});

test("run() ends the process at the end of the grace time, whatever it does", async () => {
  for (
    const [name, stuck] of [
      ["sleeps", "await sleep(3600)"],
      [
        "awaits a promise",
        "await new Promise(() => setTimeout(() => {}, 1e6))",
      ],
      ["never waits for long", "while (true) await sleep(0)"],
    ]
  ) {
    const begin = performance.now();
    const { code, stdout, stderr } = await signalled(`
      await run(async () => {
        try {
          console.log("send SIGTERM");
          await sleep(3600);
        } finally {
          ${stuck};
        }
      }, { signals: ["SIGTERM"], grace: 0.1 });`);
    assertEquals([code, stdout], [143, "send SIGTERM\n"], name);
    assertEquals(
      stderr,
      "Exiting 0.1 s after SIGTERM, at the end of the grace time: these tasks have not ended: Task-1\n",
    );
    assert(performance.now() - begin < 20_000);
  }
});

test("run() counts what other tasks do at the end towards the grace time", async () => {
  const { code, stdout, stderr } = await signalled(`
    await run(async () => {
      for (let n = 1; n <= 12; n++) {
        createTask(async () => {
          try { await sleep(3600); } finally { await sleep(3600); }
        }, { name: String(n) });
      }
      try {
        await sleep(0);
        console.log("send SIGINT");
        await sleep(3600);
      } finally {
        console.log("main");
      }
    }, { grace: 0.1 });`);
  assertEquals([code, stdout], [130, "send SIGINT\nmain\n"]);
  assertStringIncludes(
    stderr,
    "these tasks have not ended: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, and 2 more\n",
  );
});

test("run() without grace gives up what awaits a promise, with it waits for that", async () => {
  const program = (options: string) => `
    await run(async () => {
      console.log("send SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 2500));
      console.log("went on");
      await sleep(0);
    }, ${options});`;
  const [without, within] = await Promise.all([
    signalled(program("{}")),
    signalled(program("{ grace: 60 }")),
  ]);
  assertEquals([without.code, without.stdout], [130, "send SIGINT\n"]);
  assertEquals([within.code, within.stdout], [
    130,
    "send SIGINT\nwent on\n",
  ]);
});

test("run() leaves a listed signal to a handler of the program", async () => {
  const { code, stdout } = await signalled(`
    await run(async () => {
      const loop = getRunningLoop();
      const over = loop.createFuture();
      loop.addSignalHandler("SIGTERM", () => over.setResult("own"));
      console.log("send SIGTERM");
      console.log(await over);
    }, { signals: ["SIGTERM"], grace: 0.01 });`);
  assertEquals([code, stdout], [0, "send SIGTERM\nown\n"]);
});

test("run() takes the listeners of all its signals off", async () => {
  const { code, stdout } = await signalled(`
    await run(() => {}, { signals: ["SIGTERM", "SIGHUP"] });
    console.log("send SIGTERM");
    setTimeout(() => console.log("too late"), 60000);`);
  assertEquals([code, stdout], [143, "send SIGTERM\n"]);
});

test("Runner.run() begins a new grace time each time", async () => {
  const { code, stdout } = await signalled(`
    await using runner = new Runner({ signals: ["SIGTERM"], grace: 0.3 });
    for (const name of ["one", "two"]) {
      try {
        await runner.run(async () => {
          try {
            console.log("send SIGTERM");
            await sleep(3600);
          } finally {
            await sleep(0.2);
          }
        });
      } catch (error) {
        console.log(name, error.message);
      }
    }
    await runner.run(() => sleep(0.5));
    console.log("end");`);
  assertEquals(
    [code, stdout],
    [
      0,
      "send SIGTERM\none Interrupted by SIGTERM\n" +
      "send SIGTERM\ntwo Interrupted by SIGTERM\nend\n",
    ],
  );
});

Deno.test("run() refuses wrong signals and grace times before it begins", async () => {
  let runs = 0;
  for (
    const options of [
      { signals: "SIGINT" },
      { signals: null },
      { signals: ["SIGNOPE"] },
      { signals: [2] },
      { grace: "4" },
      { grace: -1 },
      { grace: NaN },
    ]
  ) {
    const error = await assertRejects(() =>
      run(() => void runs++, options as RunnerOptions)
    ) as Error;
    assert([TypeError, RangeError].includes(error.constructor as never));
  }
  await assertRejects(
    () => run(() => void runs++, { signals: ["SIGKILL"] }),
    RuntimeError,
    "The signal SIGKILL cannot be caught",
  );
  assertEquals(runs, 0);
  await using _ = new Runner({ signals: [], grace: null });
});
