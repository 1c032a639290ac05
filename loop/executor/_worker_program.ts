// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ErrorClass } from "../core/error_classes.ts";
import { errorCodec } from "./_error_codec.ts";
import type {
  EncodedOutcome,
  JobFunction,
  JobMessage,
  MessageFromWorker,
  MessageToWorker,
} from "./_messages.ts";
import { transferablesIn } from "./_transferables.ts";
import type { RemoteCall, RepresentedLoop } from "./threadsafe_loop.ts";

/** The beginning of the program's address, by which its own frames are known in the stacks of errors. */
const PREFIX = "data:text/javascript;asyncio=worker,";

let url: string | null = null;

/**
 * The program of a worker, as the address of a module. No file has to be read for it, so it needs no
 * permission.
 */
export function programUrl(): string {
  return url ??= PREFIX + encodeURIComponent(
    `(${program})(${errorCodec}, ${transferablesIn}, "${PREFIX}");`,
  );
}

/** What the global scope of a worker has, and Deno's types of the main scope do not. */
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
 * What runs in a worker. Self-contained: only its source gets there.
 *
 * A job may do what it likes with the global scope, so what posts, ends and compiles is taken from there at
 * the start.
 */
function program(
  makeCodec: typeof errorCodec,
  findTransferables: typeof transferablesIn,
  prefix: string,
): void {
  // Deno has no types for both scopes at once.
  const scope = globalThis as unknown as WorkerScope;
  const evaluate = eval;
  // As text, since the publishing of packages warns of an import whose address it cannot read.
  const load: (module: string) => Promise<Record<string, unknown>> = evaluate(
    "(module) => import(module)",
  );
  const postMessage = scope.postMessage;
  const close = scope.close;
  const MAX_COMPILED = 1000;

  // By this, error_classes.ts finds it if a job imports the library.
  const classes = new Map<string, ErrorClass>();
  Object.defineProperty(scope, Symbol.for("asyncio.errorClasses"), {
    value: classes,
  });
  const codec = makeCodec((name) => classes.get(name), prefix);

  class RuntimeError extends Error {
    override name = "RuntimeError";
  }

  /** An error of the class that the library has, if the job's module has loaded that. */
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

  /** What an error says. User code may throw what cannot be read. */
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

  // Nobody is told of the end of a worker by these.
  scope.close = () => breakDown("self.close() was called");
  if ("Deno" in globalThis) {
    Deno.exit = (code = 0) => {
      breakDown(`Deno.exit(${code}) was called`);
      throw runtimeError("The worker has ended");
    };
  }
  scope.postMessage = () => {
    throw runtimeError(
      "Cannot post a message from a job: return the result, or call a function that came as an argument",
    );
  };

  addEventListener("error", (event) => {
    event.preventDefault();
    breakDown("an error in it was not caught", { error: event.error });
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    breakDown("a promise in it was rejected, and nobody handled that", {
      error: event.reason,
    });
  });
  scope.addEventListener("message", (event) => {
    // Jobs may dispatch events of their own.
    if (!event.isTrusted) return;
    event.stopImmediatePropagation();
    const message = event.data;
    if (message.kind === "job") run(message);
    else takeAnswer(message.call, message.outcome);
  });

  /** The job that runs. */
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
        `Expected a result that can be cloned: ${messageOf(error)}`,
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

  /** What the module exports: importing it again would take longer than a small job. */
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
      `Expected a function that ${module} exports: received "${name}", which is ${
        fn === undefined ? "none of its exports" : `a ${typeof fn}`
      }`,
    );
  }

  /** Which functions represent functions of the main program, and which arguments those are. */
  const represented = new WeakMap<object, { job: JobMessage; index: number }>();
  /** Who waits for an answer. */
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
      `${method}() takes a function of the main program, which came as an argument of the job: received ${
        typeof fn === "function" ? "another function" : typeof fn
      }`,
    );
  }

  function assertCurrent(job: JobMessage): void {
    if (job === current) return;
    throw runtimeError(
      "Cannot reach the main program as the job that could has ended",
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
