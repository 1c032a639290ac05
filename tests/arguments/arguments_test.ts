// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import * as asyncio from "../../mod.ts";
import * as inspection from "../../inspect/mod.ts";
import * as durable from "../../queues/durable/mod.ts";
import * as testing from "../../testing/mod.ts";
import { withDirectory } from "../doubles/directory.ts";
import { untilNothingHeld } from "../doubles/resources.ts";
import { isOwnError } from "./own_errors.ts";
import { JUNK, type Junk } from "./junk.ts";
import type { Parameter } from "./parameters.ts";
import { CLASSES, FUNCTIONS, type Parameters } from "./subjects.ts";

const VALUES: Record<string, unknown> = {
  ...asyncio,
  ...inspection,
  inspect: async (options: inspection.InspectOptions) => {
    const inspector = await inspection.inspect(options);
    await inspector.close();
  },
  ...testing,
  ...durable,
};

/** Functions that are called outside every loop. */
const OUTSIDE = [
  "inspect",
  "run",
  "explore",
  "cancelEverywhere",
  "inVirtualTime",
];
/** Functions that need the operating system, or threads. */
const REAL =
  /^(createSubprocess|subprocess|toThread|WorkerExecutor|runInExec|shutdownDefault|addReader|addWriter|removeReader|removeWriter|sock.*(From|To)|connect(Read|Write)Pipe)/;

/** A call with one wrong argument. */
interface Call {
  readonly label: string;
  readonly junk: Junk;
  readonly isTaken: (value: unknown) => boolean;
  readonly isTypeTaken: (value: unknown) => boolean;
  readonly args: (value: unknown) => unknown[];
}

function* callsWith(name: string, parameters: Parameters): Generator<Call> {
  const goods = () => parameters.map((each) => each.good());
  for (const [i, parameter] of parameters.entries()) {
    for (const junk of JUNK) {
      yield {
        label: `${name} #${i + 1} ${junk.label}`,
        junk,
        isTaken: parameter.takes,
        isTypeTaken: (value) => takesTypeOf(parameter, value),
        args: (value) => goods().with(i, value),
      };
    }
    yield* callsWithOptions(name, i, parameter, goods);
  }
}

function* callsWithOptions(
  name: string,
  i: number,
  parameter: Parameter,
  goods: () => unknown[],
): Generator<Call> {
  for (const [option, member] of Object.entries(parameter.options ?? {})) {
    for (const junk of JUNK) {
      yield {
        label: `${name} ${option}: ${junk.label}`,
        junk,
        isTaken: member.takes,
        isTypeTaken: (value) => takesTypeOf(member, value),
        args: (value) => {
          const args = goods();
          return args.with(i, { ...(args[i] as object), [option]: value });
        },
      };
    }
  }
}

/** Whether an error says that a value is out of range; some say that arguments do not go together. */
function isOutOfRange(error: unknown): boolean {
  return error instanceof RangeError && !error.message.includes("must include");
}

/** Whether a parameter takes some values of the type of this one. Nothing at all may be out of range. */
function takesTypeOf({ takes, good }: Parameter, value: unknown): boolean {
  if (value == null) return true;
  return [good(), 1, ...JUNK.map(({ make }) => make())]
    .some((each) => typeof each === typeof value && takes(each));
}

/** Returns what is wrong with the outcome of a call, or `null`. */
type Verdict = string | null;

async function outcomeOf(
  call: Call,
  perform: (args: unknown[]) => unknown,
): Promise<Verdict> {
  const value = call.junk.make();
  let result;
  try {
    const args = call.args(value);
    result = await perform(args);
  } catch (error) {
    if (isOutOfRange(error) && !call.isTypeTaken(value)) {
      return `${call.label} -> ${describe(error)}: must be a TypeError`;
    }
    if (isOwnError(error) || error === value) return null;
    return `${call.label} -> ${describe(error)}`;
  }
  closeAll(result);
  return call.isTaken(value) ? null : `${call.label} -> is taken`;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `throws ${typeof error}`;
  const at = /\((?:file:\/\/)?[^)]*\/(\w+\/\w+\.ts:\d+)/.exec(
    error.stack ?? "",
  );
  return `${error.name}: ${error.message} [${at?.[1]}]`;
}

/** Runs a call as a task, which is cancelled if it takes long. */
async function inTask(perform: () => unknown, patience: number) {
  const task = asyncio.createTask(async () => {
    const result = perform();
    if (
      typeof result === "object" && result instanceof Object &&
      ("then" in result)
    ) return [await (result as PromiseLike<unknown>)];
    return [result];
  });
  await asyncio.wait([task], { timeout: patience });
  if (!task.done()) task.cancel();
  await asyncio.wait([task], { timeout: 5 });
  if (!task.done()) {
    throw new asyncio.RuntimeError("the call cannot be cancelled");
  }
  if (task.cancelled()) return undefined;
  return task.result()[0];
}

/** Calls in a loop of its own, and tells of what is reported later. */
async function inLoop(
  call: Call,
  isReal: boolean,
  perform: (args: unknown[]) => unknown,
): Promise<Verdict> {
  let late: Verdict = null;
  const loop = isReal
    ? new asyncio.EventLoop()
    : new testing.VirtualTimeLoop({ network: new testing.MemoryNetwork() });
  loop.setExceptionHandler((_, { exception }) => {
    // A value that is not an error, or the junk itself, comes from the call.
    if (!(exception instanceof Error) || isOwnError(exception)) return;
    if (exception.message === "junk") return;
    late = `${call.label} -> later ${describe(exception)}`;
  });
  // Not by run(): that listens for SIGINT, and Deno forgets that late.
  try {
    const verdict = await loop.runUntilComplete(async () => {
      const verdict = await outcomeOf(
        call,
        (args) => inTask(() => perform(args), isReal ? 0.05 : 10),
      );
      loop.setTaskFactory(null);
      await cancelRest();
      await loop.shutdownDefaultExecutor();
      // Of the calls that are right, some have begun something, such as a process.
      if (isReal) {
        await asyncio.wait([asyncio.createTask(untilNothingHeld)], {
          timeout: 5,
        });
      }
      return verdict;
    });
    return verdict ?? late;
  } catch (error) {
    if (isOwnError(error)) return late;
    return `${call.label} -> the loop fails: ${describe(error)}`;
  } finally {
    loop.close();
  }
}

/** Closes the transport that a call has made. */
function closeAll(result: unknown): void {
  if (!Array.isArray(result)) return;
  for (const each of result) {
    if (each instanceof asyncio.BaseTransport) each.close();
  }
}

async function cancelRest(): Promise<void> {
  const rest = [...asyncio.allTasks()]
    .filter((task) => task !== asyncio.currentTask());
  for (const task of rest) task.cancel();
  if (rest.length > 0) await asyncio.wait(rest, { timeout: 5 });
}

const late: string[] = [];

async function failuresOf(
  name: string,
  parameters: Parameters,
  perform: (args: unknown[]) => unknown,
): Promise<string[]> {
  const failures: string[] = [];
  for (const call of callsWith(name, parameters)) {
    const verdict = OUTSIDE.includes(name) || name.startsWith("Runner")
      ? await outcomeOf(call, perform)
      : await inLoop(
        call,
        REAL.test(name.replace(/^EventLoop\./, "")),
        perform,
      );
    if (verdict !== null) failures.push(verdict);
    failures.push(...late.splice(0));
  }
  return failures;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs a test in a directory of its own: some of the calls create a file. */
async function inDirectory(test: () => Promise<void>): Promise<void> {
  await withDirectory(async (path) => {
    const before = Deno.cwd();
    Deno.chdir(path);
    try {
      await test();
    } finally {
      Deno.chdir(before);
    }
  });
}

function guarded(test: () => Promise<void>): () => Promise<void> {
  return async () => {
    const onRejection = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      if (!isOwnError(event.reason)) {
        late.push(`unhandled ${describe(event.reason)}`);
      }
    };
    addEventListener("unhandledrejection", onRejection);
    const { log, error, warn } = console;
    console.log = console.error = console.warn = () => {};
    try {
      await inDirectory(test);
    } finally {
      asyncio.setEventLoopPolicy(null);
      asyncio.setWarningHandler(null);
      // Deno forgets late that run() listened for SIGINT.
      for (let i = 0; i < 10; i++) await turn();
      Object.assign(console, { log, error, warn });
      removeEventListener("unhandledrejection", onRejection);
    }
  };
}

for (const [name, parameters] of Object.entries(FUNCTIONS)) {
  Deno.test(
    `${name}() refuses wrong arguments in its own words`,
    guarded(async () => {
      const fn = VALUES[name] as (...args: unknown[]) => unknown;
      const failures = await failuresOf(
        name,
        parameters,
        (args) =>
          name === "inVirtualTime"
            ? (fn(...args) as () => unknown)()
            : fn(...args),
      );
      assertEquals(failures, []);
    }),
  );
}

for (const [name, subject] of Object.entries(CLASSES)) {
  const type = VALUES[name] as new (...args: unknown[]) => object;
  if (subject.construct !== null) {
    const parameters = subject.construct;
    Deno.test(
      `new ${name}() refuses wrong arguments in its own words`,
      guarded(async () => {
        assertEquals(
          await failuresOf(`new ${name}`, parameters, (args) => {
            const made: Partial<Disposable> = new type(...args);
            made[Symbol.dispose]?.();
          }),
          [],
        );
      }),
    );
  }
  for (const [method, parameters] of Object.entries(subject.methods)) {
    if (!(method in type.prototype)) continue;
    Deno.test(
      `${name}.${method}() refuses wrong arguments in its own words`,
      guarded(async () => {
        assertEquals(
          await failuresOf(`${name}.${method}`, parameters, async (args) => {
            const made = subject.make!();
            // A future is an instance, and not to be awaited.
            const instance =
              (made instanceof Promise ? await made : made) as Record<
                string,
                (...args: unknown[]) => unknown
              >;
            try {
              return await instance[method]!(...args);
            } finally {
              await subject.dispose?.(instance as never);
            }
          }),
          [],
        );
      }),
    );
  }
}
