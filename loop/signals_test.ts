// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertFalse,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  ContextVar,
  currentTask,
  type EventLoop,
  Future,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  run,
  RuntimeError,
  waitFor,
} from "../mod.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { runProgram } from "../tests/doubles/program.ts";
import { turns } from "../tests/doubles/recorder.ts";
import { isSignalHandled } from "./signals.ts";

// Windows has no signals that a program could send itself.
const ignore = Deno.build.os === "windows";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

function raise(signal: Deno.Signal): void {
  Deno.kill(Deno.pid, signal);
}

/** Sends a signal, and waits for it by a platform listener that was added after the handlers. */
async function raiseAndWait(
  signal: Deno.Signal,
  onDelivery: () => void = () => {},
): Promise<void> {
  const delivered = new Future<void>();
  const listener = () => {
    onDelivery();
    if (!delivered.done()) delivered.setResult();
  };
  Deno.addSignalListener(signal, listener);
  try {
    raise(signal);
    // A listener for a signal does not keep the test from ending, a time limit does.
    await waitFor(delivered, 60);
    await turns();
  } finally {
    Deno.removeSignalListener(signal, listener);
  }
}

test("loop.addSignalHandler() calls back at each signal, with the arguments, outside every task", () =>
  run(async () => {
    const loop = getRunningLoop();
    const calls: unknown[] = [];
    const handler = (...args: [number, string]) => {
      assertStrictEquals(getRunningLoop(), loop);
      calls.push([currentTask(), ...args]);
    };
    assertEquals(
      loop.addSignalHandler("SIGUSR1", handler, 1, "a"),
      undefined,
    );
    for (let i = 0; i < 2; i++) await raiseAndWait("SIGUSR1");
    assertEquals(calls, [[null, 1, "a"], [null, 1, "a"]]);
  }));

test("loop.addSignalHandler() calls back in its turn, not at once", () =>
  run(async () => {
    const loop = getRunningLoop();
    const log: string[] = [];
    // What is called first, at once, makes something ready before the handler is.
    const early = () => loop.callSoon(() => log.push("ready before"));
    Deno.addSignalListener("SIGUSR1", early);
    loop.addSignalHandler("SIGUSR1", () => log.push("handler"));
    try {
      await raiseAndWait("SIGUSR1", () => {
        log.push("delivered");
        loop.callSoon(() => log.push("ready after"));
      });
    } finally {
      Deno.removeSignalListener("SIGUSR1", early);
    }
    assertEquals(log, [
      "delivered",
      "ready before",
      "handler",
      "ready after",
    ]);
  }));

test("loop.addSignalHandler() takes the place of the handler before", () =>
  run(async () => {
    const loop = getRunningLoop();
    const log: string[] = [];
    loop.addSignalHandler("SIGUSR1", () => log.push("first"));
    loop.addSignalHandler("SIGUSR2", () => log.push("other"));
    loop.addSignalHandler("SIGUSR1", () => log.push("second"));
    await raiseAndWait("SIGUSR1");
    await raiseAndWait("SIGUSR2");
    assertEquals(log, ["second", "other"]);
    assert(loop.removeSignalHandler("SIGUSR1"));
    assertFalse(loop.removeSignalHandler("SIGUSR1"));
  }));

test("loop.addSignalHandler() leaves a signal that has come to the handler before", () =>
  run(async () => {
    const loop = getRunningLoop();
    const log: string[] = [];
    loop.addSignalHandler("SIGUSR1", () => log.push("first"));
    await raiseAndWait("SIGUSR1", () => {
      loop.addSignalHandler("SIGUSR1", () => log.push("second"));
    });
    assertEquals(log, ["first"]);
  }));

test("loop.removeSignalHandler() drops calls that wait for their turn", () =>
  run(async () => {
    const loop = getRunningLoop();
    const log: string[] = [];
    loop.addSignalHandler("SIGUSR1", () => log.push("never"));
    await raiseAndWait("SIGUSR1", () => {
      assert(loop.removeSignalHandler("SIGUSR1"));
    });
    assertEquals(log, []);
    // Nor is it what it was when there is a handler anew.
    loop.addSignalHandler("SIGUSR1", () => log.push("second"));
    await raiseAndWait("SIGUSR1");
    assertEquals(log, ["second"]);
  }));

test("loop.addSignalHandler() calls back in the context of the call, whichever listener was first", () =>
  run(async () => {
    const loop = getRunningLoop();
    const storage = new AsyncLocalStorage<string>();
    const variable = new ContextVar("variable", "default");
    const seen: unknown[] = [];
    const other = () => {};
    storage.run("another's", () => Deno.addSignalListener("SIGUSR1", other));
    variable.set("at the call");
    storage.run("at the call", () => {
      loop.addSignalHandler("SIGUSR1", () => {
        seen.push(storage.getStore(), variable.get());
        variable.set("set by the handler");
      });
    });
    variable.set("later");
    try {
      for (let i = 0; i < 2; i++) await raiseAndWait("SIGUSR1");
    } finally {
      Deno.removeSignalListener("SIGUSR1", other);
    }
    assertEquals(seen, [
      "at the call",
      "at the call",
      "at the call",
      "set by the handler",
    ]);
    assertEquals(variable.get(), "later");
  }));

test("loop.addSignalHandler() reports what a handler throws, and keeps it", () =>
  run(async () => {
    const loop = getRunningLoop();
    const contexts = recordExceptions(loop);
    const error = new Error("boom");
    const handler = () => {
      throw error;
    };
    loop.addSignalHandler("SIGUSR1", handler);
    for (let i = 0; i < 2; i++) await raiseAndWait("SIGUSR1");
    assertEquals(
      contexts.map(({ message, exception, handle }) => [
        message,
        exception === error,
        String(handle),
      ]),
      Array(2).fill([
        "An exception was thrown in a callback",
        true,
        "<Handle handler>",
      ]),
    );
  }));

test("loop.addSignalHandler() hears of many signals at once at least once", () =>
  run(async () => {
    let calls = 0;
    // Nothing happens if the last ones come when there is no handler any more.
    getRunningLoop().addSignalHandler("SIGURG", () => calls++);
    for (let i = 0; i < 99; i++) raise("SIGURG");
    await raiseAndWait("SIGURG");
    assert(calls >= 1 && calls <= 100, `${calls} calls`);
  }));

test("loop.addSignalHandler() of several loops: each is called", async () => {
  const called: EventLoop[] = [];
  const main = async () => {
    const loop = getRunningLoop();
    const signalled = new Future<void>();
    loop.addSignalHandler("SIGUSR1", () => {
      called.push(loop);
      signalled.setResult();
    });
    await waitFor(signalled, 60);
    // The handler of a loop that goes on stays while others end.
    assert(isSignalHandled("SIGUSR1"));
  };
  const runs = [run(main), run(main), run(main)];
  await run(() => turns());
  raise("SIGUSR1");
  await Promise.all(runs);
  assertEquals(new Set(called).size, 3);
  assertFalse(isSignalHandled("SIGUSR1"));
});

test("loop.addSignalHandler() works on the default loop", async () => {
  const loop = getEventLoop();
  const signalled = new Future<EventLoop>();
  loop.addSignalHandler(
    "SIGUSR1",
    () => signalled.setResult(getRunningLoop()),
  );
  raise("SIGUSR1");
  assertStrictEquals(await waitFor(signalled, 60), loop);
  assert(loop.removeSignalHandler("SIGUSR1"));
});

test("loop.close() takes the signal handlers off", () => {
  const loop = newEventLoop();
  loop.addSignalHandler("SIGUSR1", () => {});
  loop.addSignalHandler("SIGUSR2", () => {});
  assert(isSignalHandled("SIGUSR1"));
  loop.close();
  assertFalse(isSignalHandled("SIGUSR1"));
  assertFalse(loop.removeSignalHandler("SIGUSR1"));
  assertThrows(
    () => loop.addSignalHandler("SIGUSR1", () => {}),
    RuntimeError,
    "Cannot use the event loop as it is closed",
  );
  assertFalse(isSignalHandled("SIGUSR1"));
});

Deno.test("loop.addSignalHandler() and removeSignalHandler() refuse unknown signals", () => {
  const loop = newEventLoop();
  const handler = () => {};
  for (
    const [value, received] of [
      [2, "2"],
      [null, "null"],
      [undefined, "undefined"],
      [{}, "an instance of Object"],
      [Symbol(), "Symbol()"],
    ]
  ) {
    const signal = value as unknown as Deno.Signal;
    for (
      const [method, call] of [
        ["addSignalHandler", () => loop.addSignalHandler(signal, handler)],
        ["removeSignalHandler", () => loop.removeSignalHandler(signal)],
      ] as const
    ) {
      assertThrows(
        call,
        TypeError,
        `${method}() takes the name of a signal, such as "SIGINT": received ${
          String(received)
        }`,
      );
    }
  }
  for (const signal of ["boom", "sigint", "INT", "toString", ""]) {
    const name = signal as Deno.Signal;
    assertThrows(
      () => loop.addSignalHandler(name, handler),
      RangeError,
      `addSignalHandler() takes the name of a signal, such as "SIGINT": received "${signal}"`,
    );
    assertThrows(() => loop.removeSignalHandler(name), RangeError);
  }
  loop.close();
});

Deno.test("loop.addSignalHandler() refuses signals that cannot be caught", () => {
  const loop = newEventLoop();
  for (
    const signal of [
      "SIGKILL",
      "SIGSTOP",
      "SIGILL",
      "SIGFPE",
      "SIGSEGV",
    ] as const
  ) {
    assertThrows(
      () => loop.addSignalHandler(signal, () => {}),
      RuntimeError,
      `The signal ${signal} cannot be caught`,
    );
    assertFalse(loop.removeSignalHandler(signal));
  }
  loop.close();
});

Deno.test({
  name:
    "loop.addSignalHandler() refuses a signal that the system does not have",
  ignore: Deno.build.os !== "linux",
  fn() {
    const loop = newEventLoop();
    assertThrows(
      () => loop.addSignalHandler("SIGEMT", () => {}),
      Deno.errors.NotSupported,
      "addSignalHandler() is not supported for SIGEMT on linux",
    );
    assertFalse(isSignalHandled("SIGEMT"));
    assertFalse(loop.removeSignalHandler("SIGEMT"));
    loop.close();
  },
});

Deno.test("loop.addSignalHandler() refuses async functions and values other than functions", () => {
  const loop = newEventLoop();
  for (const [value, received] of [[1, "1"], [null, "null"]] as const) {
    assertThrows(
      () => loop.addSignalHandler("SIGINT", value as unknown as () => void),
      TypeError,
      `The callback of addSignalHandler() must be a function: received ${received}`,
    );
  }
  assertThrows(
    () => loop.addSignalHandler("SIGINT", async () => {}),
    TypeError,
    "addSignalHandler() takes a function that is not async: createTask() starts those",
  );
  assertFalse(isSignalHandled("SIGINT"));
  loop.close();
});

Deno.test("loop.addSignalHandler() refuses in a worker", async () => {
  const { stdout, stderr } = await runProgram(`
    const source = ${"`"}
      import { newEventLoop } from "asyncio";
      const loop = newEventLoop();
      let error;
      try { loop.addSignalHandler("SIGINT", () => {}); } catch (e) { error = e; }
      postMessage(error + "; removed: " + loop.removeSignalHandler("SIGINT"));
      close();
    ${"`"};
    const worker = new Worker("data:text/javascript," + encodeURIComponent(source), { type: "module" });
    worker.onmessage = ({ data }) => console.log(data);
  `);
  assertEquals(stderr, "");
  assertEquals(
    stdout,
    "RuntimeError: Cannot handle signals in a worker: only the main thread can; removed: false\n",
  );
});

test("loop.addSignalHandler() takes the place of what the signal does by default, until it is taken back", async () => {
  const { code, stdout } = await runProgram(
    `
      import { getEventLoop } from "asyncio";
      const loop = getEventLoop();
      const timer = setTimeout(() => console.log("too late"), 60000);
      loop.addSignalHandler("SIGTERM", (signal) => {
        loop.removeSignalHandler(signal);
        console.log("ready again");
      }, "SIGTERM");
      console.log("ready");
    `,
    {
      onOutput: (stdout, child) => {
        if (stdout.endsWith("\n")) child.kill("SIGTERM");
      },
    },
  );
  assertEquals([code, stdout], [143, "ready\nready again\n"]);
});

test("loop.addSignalHandler() keeps a program alive that waits for nothing else", async () => {
  let isSent = false;
  const { code, stdout, stderr } = await runProgram(
    `
      import { Event, getRunningLoop, run } from "asyncio";
      await run(async () => {
        const stop = new Event();
        getRunningLoop().addSignalHandler("SIGTERM", () => stop.set());
        console.log("ready");
        await stop.wait();
        console.log("stopped");
      });
      `,
    {
      onOutput(output, child) {
        if (isSent || !output.includes("ready")) return;
        isSent = true;
        // Long enough for a program that has nothing to wait for to have ended.
        setTimeout(() => child.kill("SIGTERM"), 100);
      },
    },
  );
  assertEquals([code, stdout, stderr], [0, "ready\nstopped\n", ""]);
});

Deno.test("loop.addSignalHandler() of the default loop lets the program exit", async () => {
  const { code, stderr } = await runProgram(`
    import { getEventLoop } from "asyncio";
    getEventLoop().addSignalHandler("SIGINT", () => {});
  `);
  assertEquals([code, stderr], [0, ""]);
});
