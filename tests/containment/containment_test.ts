// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  type EventLoop,
  ExceptionGroup,
  gather,
  getRunningLoop,
  run,
  sleep,
  SubprocessProtocol,
  WorkerExecutor,
} from "../../mod.ts";
import { MemoryNetwork, VirtualTimeLoop } from "../../testing/mod.ts";
import { ODD_THENABLES, ODD_VALUES } from "./odd_values.ts";
import {
  THROWING,
  THROWING_PROTOCOLS,
  THROWING_STREAMS,
  USING,
  USING_PROTOCOLS,
  type Way,
} from "./ways.ts";

/** How long, in real milliseconds, a loop may take before it counts as stalled. */
const PATIENCE = 5000;

/** The outcome of a cell of the matrix. */
interface Result {
  /** Values that the library threw, or gave to the exception handler. */
  readonly seen: readonly unknown[];
  /** Events that would have ended the process, or stalled it. */
  readonly escaped: readonly string[];
}

async function tryOne(
  way: Way,
  value: unknown,
  makeLoop: () => EventLoop,
  debug: boolean,
): Promise<Result> {
  const seen: unknown[] = [];
  const escaped: string[] = [];
  const raise = () => {
    throw value;
  };
  const onEscape = (event: Event) => {
    event.preventDefault();
    escaped.push(event.type);
  };
  addEventListener("unhandledrejection", onEscape);
  addEventListener("error", onEscape);
  const program = run(async () => {
    getRunningLoop().setExceptionHandler((_, { exception }) => {
      seen.push(exception);
    });
    await way({ value, raise, see: (error) => seen.push(error) });
    // Turns the loop once more, in every way it turns.
    await sleep(0);
    await sleep(1);
  }, {
    debug,
    loopFactory: makeLoop,
  });
  let timer;
  const stalled = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("a stalled loop"), PATIENCE);
  });
  try {
    const end = await Promise.race([program, stalled]);
    if (end !== undefined) escaped.push(end);
  } catch (error) {
    escaped.push("the end of run()");
    if (Deno.env.has("SHOW")) console.log(error);
  } finally {
    clearTimeout(timer);
    // Rejections are told of when the microtasks have run.
    await new Promise((resolve) => setImmediate(resolve));
    removeEventListener("unhandledrejection", onEscape);
    removeEventListener("error", onEscape);
  }
  return { seen, escaped };
}

/** Whether an error is a value, or has it in it or as its cause. */
function carries(error: unknown, value: unknown): boolean {
  if (Object.is(error, value)) return true;
  try {
    return error instanceof ExceptionGroup
      ? error.exceptions.some((each) => carries(each, value))
      : error instanceof Error && Object.is(error.cause, value);
  } catch {
    // Something else that is odd.
    return false;
  }
}

/** The values with which a table of ways is tried. */
interface Matrix {
  readonly ways: Readonly<Record<string, Way>>;
  readonly values: Readonly<Record<string, () => unknown>>;
  /** Whether the value must come out, or go to the exception handler. */
  readonly mustShow: boolean;
  readonly makeLoop: () => EventLoop;
}

/** Tries a way with each value; returns what went wrong. */
async function tryAll(
  way: Way,
  { values, mustShow, makeLoop }: Matrix,
): Promise<string[]> {
  const faults: string[] = [];
  for (const [name, make] of Object.entries(values)) {
    for (const debug of [false, true]) {
      const value = make();
      const { seen, escaped } = await tryOne(way, value, makeLoop, debug);
      const mode = debug ? " in debug mode" : "";
      if (escaped.length > 0) faults.push(`${name}${mode}: ${escaped.join()}`);
      else if (mustShow && !seen.some((each) => carries(each, value))) {
        faults.push(`${name}${mode}: lost`);
      }
    }
  }
  return faults;
}

/** Whatever is reported is formatted, as for the terminal, and not printed. */
async function silently<T>(fn: () => Promise<T>): Promise<T> {
  const { error, warn } = console;
  console.error = console.warn = (...args) => {
    for (const each of args) Deno.inspect(each);
  };
  try {
    return await fn();
  } finally {
    Object.assign(console, { error, warn });
  }
}

const withoutNetwork = () => new VirtualTimeLoop();
const withNetwork = () => new VirtualTimeLoop({ network: new MemoryNetwork() });
const ALL_VALUES = { ...ODD_VALUES, ...ODD_THENABLES };

const VALUES_FOR_STREAMS = Object.fromEntries(
  Object.entries(ODD_VALUES).filter(([name]) =>
    !/^a (hostile|revoked) proxy/.test(name)
  ),
);

const MATRICES: readonly Matrix[] = [
  {
    ways: THROWING_STREAMS,
    values: VALUES_FOR_STREAMS,
    mustShow: true,
    makeLoop: withoutNetwork,
  },
  {
    ways: THROWING,
    values: ODD_VALUES,
    mustShow: true,
    makeLoop: withoutNetwork,
  },
  {
    ways: THROWING_PROTOCOLS,
    values: ODD_VALUES,
    mustShow: true,
    makeLoop: withNetwork,
  },
  {
    ways: USING,
    values: ALL_VALUES,
    mustShow: false,
    makeLoop: withoutNetwork,
  },
  {
    ways: USING_PROTOCOLS,
    values: ALL_VALUES,
    mustShow: false,
    makeLoop: withNetwork,
  },
];

for (const matrix of MATRICES) {
  for (const [name, way] of Object.entries(matrix.ways)) {
    Deno.test(`Containment: ${name}`, async () => {
      assertEquals(await silently(() => tryAll(way, matrix)), []);
    });
  }
}

Deno.test("Containment: a job in another thread", async () => {
  await run(async () => {
    await using pool = new WorkerExecutor<typeof import("./odd_values.ts")>(
      new URL("./odd_values.ts", import.meta.url),
      { maxWorkers: 1 },
    );
    const worker = await pool.run("workerNumber", []);
    for (const name of Object.keys(ALL_VALUES)) {
      await gather([
        pool.run("throwOdd", [name]),
        pool.run("returnOdd", [name]),
        pool.run("returnWithGetter", [name]),
      ], { returnExceptions: true });
      assertEquals(await pool.run("workerNumber", []), worker, name);
    }
  });
});

/** A protocol of a process whose methods throw. */
function failingProtocol(raise: () => never): SubprocessProtocol {
  return Object.assign(new SubprocessProtocol(), {
    connectionMade: raise,
    pipeDataReceived: raise,
    pipeConnectionLost: raise,
    processExited: raise,
    connectionLost: raise,
  });
}

Deno.test("Containment: the protocol of a process", async () => {
  await run(async () => {
    const loop = getRunningLoop();
    for (
      const name of [
        "a hostile proxy",
        "an error that cannot be read",
        "undefined",
      ]
    ) {
      const value = ODD_VALUES[name]!();
      const exceptions: unknown[] = [];
      loop.setExceptionHandler((_, { exception }) =>
        exceptions.push(exception)
      );
      const [transport] = await loop.subprocessExec(
        () =>
          failingProtocol(() => {
            throw value;
          }),
        Deno.execPath(),
        ["--version"],
      );
      while (exceptions.length < 6) await sleep(0.001);
      transport.close();
      assertEquals(exceptions.every((each) => Object.is(each, value)), true);
    }
  });
});
