// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ErrorClass } from "../core/errors.ts";
import type {
  EncodedOutcome,
  JobFunction,
  JobMessage,
  MessageFromWorker,
  MessageToWorker,
} from "./_messages.ts";
import type { RemoteCall, RepresentedLoop } from "./executor.ts";

/** An error encoded for another thread. */
interface EncodedError {
  /** The names of its class and the superclasses, from the class upwards. */
  classes: string[];
  name: string;
  message: string;
  stack: string;
  /** The own properties that can be cloned. */
  fields: Record<string, unknown>;
  cause?: Encoded;
  /** The errors of an `AggregateError`. */
  errors?: Encoded[];
}

/** A thrown value encoded for another thread. */
export type Encoded = { error: EncodedError } | { value: unknown };

/** Encodes thrown values for another thread, and decodes them there. */
export interface ErrorCodec {
  encode(thrown: unknown): Encoded;
  decode(encoded: Encoded): unknown;
}

/**
 * Creates the codec of a thread.
 *
 * Encoded stacks leave out the frames that contain the text `bottom`, which marks the library's own code, and
 * everything below them.
 *
 * The function is self-contained, since its source is a part of the worker program.
 */
export function errorCodec(
  classNamed: (name: string) => ErrorClass | undefined,
  bottom: string | null = null,
): ErrorCodec {
  /** The maximum nesting of causes and aggregated errors: an error may be its own cause. */
  const MAX_DEPTH = 16;
  // Captured here, since a job may delete the global.
  const clone = structuredClone;

  /** The replacement for errors that cannot be read, such as proxies that throw. */
  const UNREADABLE: EncodedError = {
    classes: ["Error"],
    name: "Error",
    message: "What was thrown cannot be read",
    stack: "Error: What was thrown cannot be read",
    fields: {},
  };

  function encode(thrown: unknown, depth = 0): Encoded {
    if (!(thrown instanceof Error)) {
      return { value: isCloneable(thrown) ? thrown : String(thrown) };
    }
    if (depth === MAX_DEPTH) return { value: textOf(thrown, "message") };
    const error: EncodedError = {
      classes: classesOf(thrown),
      name: textOf(thrown, "name"),
      message: textOf(thrown, "message"),
      stack: aboveBottom(textOf(thrown, "stack")),
      fields: fieldsOf(thrown),
    };
    if (Object.hasOwn(thrown, "cause")) {
      error.cause = encode(thrown.cause, depth + 1);
    }
    if (thrown instanceof AggregateError) {
      error.errors = thrown.errors.map((each) => encode(each, depth + 1));
    }
    return { error };
  }

  function isCloneable(value: unknown): boolean {
    if (typeof value === "function") return false;
    try {
      clone(value);
      return true;
    } catch {
      return false;
    }
  }

  function classesOf(error: Error): string[] {
    const names = [];
    for (
      let prototype = Object.getPrototypeOf(error);
      prototype !== null && prototype !== Object.prototype;
      prototype = Object.getPrototypeOf(prototype)
    ) {
      if (Object.hasOwn(prototype, "constructor")) {
        names.push(String(prototype.constructor.name));
      }
    }
    return names;
  }

  function textOf(error: Error, key: "name" | "message" | "stack"): string {
    try {
      return String(error[key] ?? "");
    } catch {
      // A user-defined getter threw.
      return "";
    }
  }

  function aboveBottom(stack: string): string {
    if (bottom === null) return stack;
    const lines = stack.split("\n");
    const end = lines.findLastIndex((line) => line.includes(bottom));
    return lines.slice(0, end === -1 ? undefined : end)
      .filter((line) => !line.includes(bottom)).join("\n");
  }

  function fieldsOf(error: Error): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const key of Object.keys(error)) {
      if (["cause", "errors", "message", "stack"].includes(key)) continue;
      try {
        const value = Reflect.get(error, key);
        if (isCloneable(value)) fields[key] = value;
      } catch {
        // As above.
      }
    }
    return fields;
  }

  function decode(encoded: Encoded): unknown {
    if ("value" in encoded) return encoded.value;
    const { classes, name, message, stack, fields, cause, errors } =
      encoded.error;
    const error = createError(encoded.error);
    const errorClass = knownClasses(classes)[0]?.errorClass ?? Error;
    if (!(error instanceof errorClass)) {
      Object.setPrototypeOf(error, errorClass.prototype);
    }
    define(error, "stack", stack);
    if (Object.hasOwn(encoded.error, "cause")) {
      define(error, "cause", cause && decode(cause));
    }
    if (errors !== undefined && !Object.hasOwn(error, "errors")) {
      define(error, "errors", errors.map(decode));
    }
    for (const [key, value] of Object.entries(fields)) {
      define(error, key, value, true);
    }
    if (error.message !== message) define(error, "message", message);
    if (error.name !== name) define(error, "name", name);
    return error;
  }

  function createError({ classes, name, message, errors = [] }: EncodedError) {
    if (classes.includes("DOMException")) {
      return new DOMException(message, name);
    }
    const create = knownClasses(classes).find((each) => each.create)?.create;
    // The stack of the decoder is irrelevant, and Deno would print it.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return create?.(message, errors.map(decode)) ?? new Error(message);
    } finally {
      Error.stackTraceLimit = limit;
    }
  }

  function knownClasses(names: readonly string[]): ErrorClass[] {
    return names.map((name) => classNamed(name) ?? builtIn(name))
      .filter((each) => each !== undefined);
  }

  function builtIn(name: string): ErrorClass | undefined {
    const { Deno: deno } = globalThis as Partial<typeof globalThis>;
    const errorClass = Reflect.get(deno?.errors ?? {}, name) ??
      Reflect.get(globalThis, name);
    const isClass = typeof errorClass === "function" &&
      (errorClass === Error || errorClass.prototype instanceof Error);
    return isClass ? { errorClass } : undefined;
  }

  function define(
    error: Error,
    key: string,
    value: unknown,
    enumerable = false,
  ): void {
    Object.defineProperty(error, key, {
      value,
      enumerable,
      configurable: true,
      writable: true,
    });
  }

  return {
    encode(thrown) {
      try {
        return encode(thrown);
      } catch {
        return { error: UNREADABLE };
      }
    },
    decode,
  };
}

/**
 * Returns the transferable objects in a value: buffers, including those of views, ports and streams.
 *
 * The function is self-contained: its source is a part of the program of a worker.
 */
export function transferablesIn(value: unknown): Transferable[] {
  const found = new Set<Transferable>();
  const values = new Set<object>();
  const add = (each: unknown) => {
    if (typeof each === "object" && each !== null) values.add(each);
  };
  add(value);
  for (const each of values) {
    if (ArrayBuffer.isView(each)) {
      add(each.buffer);
    } else if (each instanceof ArrayBuffer) {
      if (!each.detached) found.add(each);
    } else if (
      each instanceof MessagePort || each instanceof ReadableStream ||
      each instanceof WritableStream || each instanceof TransformStream
    ) {
      found.add(each);
    } else if (each instanceof Map) {
      for (const [key, item] of each) {
        add(key);
        add(item);
      }
    } else if (each instanceof Set) {
      for (const item of each) add(item);
    } else {
      for (const item of Object.values(each)) add(item);
    }
  }
  return [...found];
}

/** The prefix of the program's URL, which identifies its frames in stacks. */
const PREFIX = "data:text/javascript;asyncio=worker,";

let url: string | null = null;

/** Returns the worker program as a data URL, which needs no permission to read a file. */
export function programUrl(): string {
  return url ??= PREFIX + encodeURIComponent(
    `(${program})(${errorCodec}, ${transferablesIn}, "${PREFIX}");`,
  );
}

/** The parts of a worker's global scope that Deno's types for the main scope lack. */
interface WorkerScope {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  close(): void;
  addEventListener(
    type: "message",
    listener: (event: MessageEvent<MessageToWorker>) => void,
  ): void;
}

type Callable = (...args: unknown[]) => unknown;

/**
 * The worker program. It is self-contained, since only its source is sent.
 *
 * A job may change the global scope, so the functions for posting, closing and compiling are captured at the start.
 */
function program(
  makeCodec: typeof errorCodec,
  findTransferables: typeof transferablesIn,
  prefix: string,
): void {
  // Deno has no types for both scopes at once.
  const scope = globalThis as unknown as WorkerScope;
  const evaluate = eval;
  // Compiled from text, since publishing the package warns about imports with computed specifiers.
  const load: (module: string) => Promise<Record<string, unknown>> = evaluate(
    "(module) => import(module)",
  );
  const postMessage = scope.postMessage;
  const close = scope.close;
  const MAX_COMPILED = 1000;

  // Read by errors.ts if a job imports the library.
  const classes = new Map<string, ErrorClass>();
  Object.defineProperty(scope, Symbol.for("asyncio.errorClasses"), {
    value: classes,
  });
  const codec = makeCodec((name) => classes.get(name), prefix);

  class RuntimeError extends Error {
    override name = "RuntimeError";
  }

  /** Returns an error of the library's class if the job's module has loaded it. */
  function runtimeError(message: string): Error {
    const error = new RuntimeError(message);
    return classes.has("RuntimeError")
      ? codec.decode(codec.encode(error)) as Error
      : error;
  }

  function post(message: MessageFromWorker, transfer?: Transferable[]): void {
    if (transfer === undefined) postMessage(message);
    else postMessage(message, transfer);
  }

  /** Returns the message of an error. Thrown values may be unreadable. */
  function messageOf(error: unknown): string {
    try {
      return String(error instanceof Error ? error.message : error);
    } catch {
      return "what was thrown cannot be read";
    }
  }

  function breakDown(reason: string, cause?: { error: unknown }): void {
    post(
      cause === undefined ? { kind: "broken", reason } : {
        kind: "broken",
        reason,
        cause: codec.encode(cause.error),
      },
    );
    close();
  }

  // These end a worker without notifying the main program.
  scope.close = () => breakDown("self.close() was called");
  if ("Deno" in globalThis) {
    Deno.exit = (code = 0) => {
      breakDown(`Deno.exit(${code}) was called`);
      throw runtimeError("The worker has ended");
    };
  }
  scope.postMessage = () => {
    throw runtimeError(
      "Cannot post a message from a job: return the result, or call a function that was passed as an argument",
    );
  };

  addEventListener("error", (event) => {
    event.preventDefault();
    breakDown("an error was not caught", { error: event.error });
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    breakDown("a promise rejection was not handled", {
      error: event.reason,
    });
  });
  scope.addEventListener("message", (event) => {
    // Jobs may dispatch their own events.
    if (!event.isTrusted) return;
    event.stopImmediatePropagation();
    const message = event.data;
    if (message.kind === "job") run(message);
    else takeAnswer(message.call, message.outcome);
  });

  /** The current job. */
  let current: JobMessage | null = null;

  async function run(job: JobMessage): Promise<void> {
    current = job;
    const args = [...job.args];
    for (const { index, kind } of job.representatives) {
      args[index] = kind === "loop"
        ? loopOf(job, index)
        : functionOf(job, index);
    }
    let outcome: EncodedOutcome;
    try {
      const fn = "source" in job.fn
        ? compile(job.fn)
        : await importFunction(job.fn);
      outcome = { value: await fn(...args) };
    } catch (error) {
      outcome = { error: codec.encode(error) };
    }
    current = null;
    waiting.clear();
    finish(outcome, job.transferResults);
  }

  function finish(outcome: EncodedOutcome, transferResults: boolean): void {
    try {
      const transfer = transferResults && "value" in outcome
        ? findTransferables(outcome.value)
        : [];
      post(
        { kind: "done", outcome },
        transfer.length > 0 ? transfer : undefined,
      );
    } catch (error) {
      const failure = new TypeError(
        `The result of a job must be cloneable: ${messageOf(error)}`,
        { cause: error },
      );
      post({ kind: "done", outcome: { error: codec.encode(failure) } });
    }
  }

  const compiled = new Map<string, Callable>();

  function compile(
    { source, name }: { source: string; name: string },
  ): Callable {
    let fn = compiled.get(source);
    if (fn === undefined) {
      fn = evaluate(
        `"use strict";(${source}\n)\n//# sourceURL=asyncio:${name}`,
      ) as Callable;
      if (compiled.size === MAX_COMPILED) compiled.clear();
      compiled.set(source, fn);
    }
    return fn;
  }

  /** The exports of the module. Importing it again would take longer than a small job. */
  let exports: Record<string, unknown> | null = null;

  async function importFunction(
    { module, name }: Exclude<JobFunction, { source: string }>,
  ): Promise<Callable> {
    try {
      exports ??= await load(module);
    } catch (error) {
      throw new TypeError(
        `Cannot load the module of the executor: ${messageOf(error)}`,
        { cause: error },
      );
    }
    const fn = Object.hasOwn(exports, name) ? exports[name] : undefined;
    if (typeof fn === "function") return fn as Callable;
    throw new TypeError(
      `The function of a job must be exported by ${module}: received "${name}", which is ${
        fn === undefined ? "not exported" : `a ${typeof fn}`
      }`,
    );
  }

  /** The functions that represent functions of the main program, with the indices of the arguments. */
  const represented = new WeakMap<object, { job: JobMessage; index: number }>();
  /** The calls that wait for an answer. */
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;

  function functionOf(job: JobMessage, index: number): Callable {
    // deno-lint-ignore require-await -- so that what it throws rejects the promise
    const fn = async (...args: unknown[]) =>
      call(job, index, null, args).result;
    represented.set(fn, { job, index });
    return fn;
  }

  function loopOf(job: JobMessage, index: number): RepresentedLoop {
    return {
      callSoonThreadsafe(callback, ...args) {
        const fn = indexOf("callSoonThreadsafe", callback);
        assertCurrent(job);
        post({ kind: "call", call: null, fn, loop: index, args });
      },
      callRemotely(coro) {
        return call(job, indexOf("runCoroutineThreadsafe", coro), index, []);
      },
    };
  }

  function indexOf(method: string, fn: unknown): number {
    const found = typeof fn === "function" ? represented.get(fn) : undefined;
    if (found !== undefined) {
      assertCurrent(found.job);
      return found.index;
    }
    throw new TypeError(
      `The function of ${method}() must be one of the main program that was passed to the job: received ${
        typeof fn === "function" ? "another function" : typeof fn
      }`,
    );
  }

  function assertCurrent(job: JobMessage): void {
    if (job === current) return;
    throw runtimeError(
      "Cannot call the main program as the job has ended",
    );
  }

  function call(
    job: JobMessage,
    fn: number,
    loop: number | null,
    args: unknown[],
  ): RemoteCall {
    assertCurrent(job);
    const id = ++calls;
    post({ kind: "call", call: id, fn, loop, args });
    const answer = Promise.withResolvers<unknown>();
    waiting.set(id, answer);
    return {
      result: answer.promise,
      cancel() {
        if (waiting.has(id)) post({ kind: "cancel", call: id });
      },
    };
  }

  function takeAnswer(id: number, outcome: EncodedOutcome): void {
    const answer = waiting.get(id);
    waiting.delete(id);
    if ("value" in outcome) answer?.resolve(outcome.value);
    else answer?.reject(codec.decode(outcome.error));
  }
}
