// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type ProgramOutput, runProgram } from "../tests/doubles/program.ts";

/** A signal listener does not keep Windows from ending the process. */
const ignore = Deno.build.os === "windows";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** Runs a program, and sends a SIGINT each time it has printed another line that begins with "ready". */
function interruptEachTime(source: string): Promise<ProgramOutput> {
  return runProgram(source, {
    onOutput(stdout, child) {
      const last = stdout.trimEnd().split("\n").at(-1);
      if (last?.startsWith("ready")) child.kill("SIGINT");
    },
  });
}

/** Creates a loop on which no time passes. */
const VIRTUAL = new URL("../tests/doubles/fake_host.ts", import.meta.url).href;

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

/** How such a program ends that does not catch the KeyboardInterrupt. */
const QUIET_END: ProgramOutput = {
  code: 130,
  stdout: "ready\nclean\n",
  stderr: "KeyboardInterrupt: Interrupted by SIGINT\n",
};

test("run() turns a SIGINT into a KeyboardInterrupt, after finally blocks ran", async () => {
  const { code, stdout, stderr } = await interruptEachTime(`
    import { CancelledError, createTask, KeyboardInterrupt, run, sleep } from "asyncio";
    try {
      await run(async () => {
        createTask(async () => {
          try { await sleep(3600); } finally { console.log("other task"); }
        });
        try {
          await sleep(0);
          console.log("ready");
          await sleep(3600);
        } finally {
          await sleep(0.001);
          console.log("main task");
        }
      });
    } catch (error) {
      console.log(error instanceof KeyboardInterrupt, error.message, error.cause instanceof CancelledError);
    }
  `);
  assertEquals(stderr, "");
  assertEquals(
    stdout,
    "ready\nmain task\nother task\ntrue Interrupted by SIGINT true\n",
  );
  assertEquals(code, 0);
});

test("run() ends the process with code 130 on a second SIGINT", async () => {
  const { code, stdout } = await interruptEachTime(`
    import { run, sleep } from "asyncio";
    await run(async () => {
      try {
        console.log("ready");
        await sleep(3600);
      } finally {
        console.log("ready again");
        await sleep(3600);
        console.log("never");
      }
    });
  `);
  assertEquals([code, stdout], [130, "ready\nready again\n"]);
});

test("run() returns the result of a function that swallows the cancellation by SIGINT", async () => {
  const { code, stdout } = await interruptEachTime(`
    import { run, sleep } from "asyncio";
    console.log(await run(async () => {
      try {
        console.log("ready");
        await sleep(3600);
      } catch {}
      return "result";
    }));
  `);
  assertEquals([code, stdout], [0, "ready\nresult\n"]);
});

test("run() takes its signal listener off: a SIGINT afterwards ends the process", async () => {
  const { code, stdout } = await interruptEachTime(`
    import { run } from "asyncio";
    await run(() => {});
    console.log("ready");
    setTimeout(() => console.log("too late"), 60000);
  `);
  assertEquals([code, stdout], [130, "ready\n"]);
});

test("run() that a SIGINT ended with an exception of its own throws that", async () => {
  const { code, stdout, stderr } = await interruptEachTime(`
    import { run, sleep } from "asyncio";
    await run(async () => {
      try {
        console.log("ready");
        await sleep(3600);
      } catch {
        throw new RangeError("while cleaning up");
      }
    });
  `);
  assertEquals([code, stdout], [1, "ready\n"]);
  assertStringIncludes(stderr, "RangeError: while cleaning up");
});

test("run() that was cancelled otherwise too throws that, not a KeyboardInterrupt", async () => {
  const { code, stdout } = await interruptEachTime(`
    import { CancelledError, currentTask, run, sleep } from "asyncio";
    try {
      await run(async () => {
        try {
          currentTask().cancel("otherwise");
          await sleep(0);
        } catch {}
        console.log("ready");
        await sleep(3600);
      });
    } catch (error) {
      console.log(error instanceof CancelledError);
    }
  `);
  assertEquals([code, stdout], [0, "ready\ntrue\n"]);
});

test("run() interrupts a function that is not suspended when SIGINT arrives", async () => {
  const { stdout } = await runProgram(`
    import { KeyboardInterrupt, run, sleep } from "asyncio";
    try {
      await run(async () => {
        Deno.kill(Deno.pid, "SIGINT");
        while (true) await sleep(0);
      });
    } catch (error) {
      console.log(error instanceof KeyboardInterrupt);
    }
  `);
  assertEquals(stdout, "true\n");
});

test("run() throws a KeyboardInterrupt even if the function returns just as SIGINT arrives", async () => {
  const { code, stdout } = await runProgram(`
    import { getRunningLoop, run } from "asyncio";
    let hasCome = false;
    Deno.addSignalListener("SIGINT", () => hasCome = true);
    try {
      await run(() => {
        const loop = getRunningLoop();
        loop.callSoon(Deno.kill, Deno.pid, "SIGINT");
        // They come before the loop stops, and I/O has its turn between them.
        for (let i = 0; i < 10_000; i++) {
          loop.callSoon(() => {
            const end = performance.now() + 1;
            while (!hasCome && performance.now() < end);
          });
        }
        return "result";
      });
    } catch (error) {
      console.log(hasCome, error.name);
    }
    Deno.exit();
  `);
  assertEquals([code, stdout], [0, "true KeyboardInterrupt\n"]);
});

test("run() of several at once: a SIGINT interrupts them all", async () => {
  const { code, stdout } = await interruptEachTime(`
    import { run, sleep } from "asyncio";
    const runs = [1, 2, 3].map(() => run(() => sleep(3600)));
    console.log("ready");
    for (const { reason } of await Promise.allSettled(runs)) console.log(reason.name);
  `);
  assertEquals(
    [code, stdout],
    [0, "ready\n" + "KeyboardInterrupt\n".repeat(3)],
  );
});

test("Runner.run() counts SIGINTs anew each time, whatever makes its tasks", async () => {
  const { code, stdout } = await interruptEachTime(`
    import { eagerTaskFactory, KeyboardInterrupt, Runner, sleep } from "asyncio";
    await using runner = new Runner();
    runner.getLoop().setTaskFactory(eagerTaskFactory);
    for (const name of ["one", "two"]) {
      try {
        await runner.run(() => {
          console.log("ready", name);
          return sleep(3600);
        });
      } catch (error) {
        console.log(error instanceof KeyboardInterrupt);
      }
    }
    console.log(await runner.run(() => sleep(0.001, "three")));
  `);
  assertEquals(
    [code, stdout],
    [0, "ready one\ntrue\nready two\ntrue\nthree\n"],
  );
});

test("run() leaves SIGINT to the program's handler until that is removed", async () => {
  const { code, stdout } = await interruptEachTime(`
    import { getRunningLoop, run, sleep } from "asyncio";
    try {
      await run(async () => {
        const loop = getRunningLoop();
        let count = 0;
        loop.addSignalHandler("SIGINT", () => {
          if (++count === 3) loop.removeSignalHandler("SIGINT");
          console.log("ready", count);
        });
        console.log("ready");
        try {
          await sleep(3600);
        } finally {
          console.log("clean");
        }
      });
    } catch (error) {
      console.log(error.name);
    }
  `);
  assertEquals(
    [code, stdout],
    [0, "ready\nready 1\nready 2\nready 3\nclean\nKeyboardInterrupt\n"],
  );
});

for (
  const [which, loop] of [
    ["the runner's loop", "runner.getLoop()"],
    ["another loop", "getEventLoop()"],
  ]
) {
  test(`Runner.run() leaves SIGINT to a handler that ${which} had before it began`, async () => {
    const { code, stdout } = await interruptEachTime(`
      import { Event, getEventLoop, Runner, sleep } from "asyncio";
      await using runner = new Runner();
      const loop = ${loop};
      const handled = new Event();
      loop.addSignalHandler("SIGINT", () => handled.set());
      console.log(await runner.run(async () => {
        console.log("ready");
        while (!handled.isSet()) await sleep(0.001);
        return "result";
      }));
      loop.removeSignalHandler("SIGINT");
    `);
    assertEquals([code, stdout], [0, "ready\nresult\n"]);
  });
}

test("run() in a worker leaves SIGINT to the main thread", async () => {
  const { code, stdout } = await interruptEachTime(`
    const source = ${"`"}
      import { run, sleep } from "asyncio";
      try {
        await run(() => {
          postMessage("ready");
          return sleep(3600);
        });
      } catch (error) {
        postMessage("interrupted");
        close();
      }
    ${"`"};
    const worker = new Worker("data:text/javascript," + encodeURIComponent(source), { type: "module" });
    worker.onmessage = ({ data }) => console.log(data);
  `);
  assertEquals([code, stdout], [130, "ready\n"]);
});

test("run() that is interrupted lets a function that awaits a native promise react", async () => {
  const { code, stdout, stderr } = await interruptEachTime(`
    import { run, sleep } from "asyncio";
    try {
      await run(async () => {
        console.log("ready");
        await new Promise((resolve) => Deno.addSignalListener("SIGINT", resolve));
        console.log("goes on");
        try {
          await sleep(3600);
        } finally {
          console.log("clean");
        }
      });
    } catch (error) {
      console.log(error.name);
      Deno.exit();
    }
  `);
  assertEquals(stderr, "");
  assertEquals(
    [code, stdout],
    [0, "ready\ngoes on\nclean\nKeyboardInterrupt\n"],
  );
});

test("run() that is interrupted abandons a function that awaits an unresponsive promise", async () => {
  const { code, stdout, stderr } = await interruptEachTime(`
    import { run } from "asyncio";
    import { newVirtualLoop } from "${VIRTUAL}";
    // The end of run() waits in real time, and need not for what has been given up.
    const { setInterval } = globalThis;
    globalThis.setInterval = (callback, delay) => {
      console.log("waits", delay);
      return setInterval(callback, delay);
    };
    try {
      await run(async () => {
        console.log("ready");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
        console.log("never");
      }, { loopFactory: () => newVirtualLoop() });
    } catch (error) {
      console.log(error.name);
      Deno.exit();
    }
  `);
  assertEquals([code, stdout], [0, "ready\nKeyboardInterrupt\n"]);
  assertStringIncludes(stderr, "Task was destroyed but it is pending");
});

for (
  const [what, wait] of [
    ["something of this library", "await new Event().wait()"],
    [
      "what obeys its signal",
      "const { signal } = currentTask(); await new Promise((_, reject) => signal.onabort = () => reject(signal.reason))",
    ],
  ]
) {
  test(`run() that interrupts a function at ${what} does not abandon its clean-up`, async () => {
    const { code, stdout, stderr } = await interruptEachTime(`
      import { currentTask, Event, run } from "asyncio";
      import { FakeHost, newVirtualLoop } from "${VIRTUAL}";
      const host = new FakeHost();
      try {
        await run(async () => {
          try {
            setTimeout(() => console.log("ready"), 1);
            ${wait};
          } finally {
            // Longer than patience lasts, in the loop's time.
            while (host.delays.length === 0) await new Promise(setImmediate);
            for (let i = 0; i < 1000; i++) await new Promise(setImmediate);
            console.log("clean", host.pendingTimers);
          }
        }, { loopFactory: () => newVirtualLoop(host) });
      } catch (error) {
        console.log(error.name);
      }
    `);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, "ready\nclean 0\nKeyboardInterrupt\n");
  });
}

Deno.test("run() works where there are no signals", async () => {
  const { stdout, stderr } = await runProgram(`
    import { run } from "asyncio";
    Deno.addSignalListener = () => {
      throw new Error("not here");
    };
    console.log(await run(() => "result"));
  `);
  assertEquals([stdout, stderr], ["result\n", ""]);
});

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
  test(`run(), ${how}, ends a program that does not catch the KeyboardInterrupt with code 130 and one line`, async () => {
    assertEquals(await interrupt(source), QUIET_END);
  });
}

test("run() that is interrupted lets the program's unload listeners run", async () => {
  const output = await interrupt(`
    addEventListener("unload", () => console.log("unloaded"));
    await run(main);
  `);
  assertEquals(output, { ...QUIET_END, stdout: "ready\nclean\nunloaded\n" });
});

test("run() that is interrupted in debug mode prints the stack as well", async () => {
  const { code, stderr } = await interrupt(
    `await run(main, { debug: true });`,
  );
  assertEquals(code, 130);
  assertStringIncludes(stderr, "KeyboardInterrupt: Interrupted by SIGINT\n");
  assertStringIncludes(stderr, "\n    at ");
  assertStringIncludes(stderr, "CancelledError");
  assert(!stderr.includes("Uncaught"), stderr);
});

for (
  const [code, handling] of [
    [0, ""],
    [3, "Deno.exitCode = 3;"],
    [4, "Deno.exit(4);"],
  ] as const
) {
  test(`run() whose KeyboardInterrupt is caught leaves the exit code ${code} to the program`, async () => {
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
  });
}

test("run() leaves an unhandled KeyboardInterrupt to a listener of user code that takes it", async () => {
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
});

for (
  const [what, expression] of [
    ["a KeyboardInterrupt of the program's own", "new KeyboardInterrupt('x')"],
    ["an error with it as the cause", "new Error('x', { cause: error })"],
    ["a group with it", "new ExceptionGroup('x', [error])"],
  ] as const
) {
  test(`run() leaves it an error like others to throw ${what}`, async () => {
    const { code, stderr } = await interrupt(`
      try {
        await run(main);
      } catch (error) {
        throw ${expression};
      }
    `);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "Uncaught");
  });
}

test("run() leaves SIGTERM at its default: the process ends at once", async () => {
  const output = await interrupt("await run(main);", "SIGTERM");
  assertEquals(output, { code: 143, stdout: "ready\n", stderr: "" });
});
