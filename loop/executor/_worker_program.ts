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

  // Read by error_classes.ts if a job imports the library.
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
