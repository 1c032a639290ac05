// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  addAwaiter,
  awaitersOf,
  discardAwaiter,
} from "../loop/core/introspection/task_stack.ts";
import {
  type Below,
  captureStack,
  describeFrame,
  type FrameCallGraphEntry,
  framesOfBody,
  suspendedFrames,
} from "../loop/core/introspection/source_stacks.ts";
import { Future } from "../loop/core/future.ts";
import { callingTask } from "../loop/core/task.ts";
import {
  assertFunction,
  assertInstance,
  assertInteger,
  assertOptions,
} from "../loop/core/validate.ts";
import { isInstance } from "../loop/core/unknown_value.ts";

/**
 * A future or task, its position, and what awaits it.
 *
 * @category Call graph
 */
export interface FutureCallGraph {
  /** The future or task. */
  readonly future: Future<unknown>;
  /**
   * The call stack of the task, innermost function first. It is always known for the calling task, and in debug mode
   * for a suspended one; a future that is not a task has none.
   */
  readonly callStack: readonly FrameCallGraphEntry[];
  /** The futures and tasks that await this one, and so on. A future that occurs twice is the same object. */
  readonly awaitedBy: readonly FutureCallGraph[];
}

/**
 * The options of `captureCallGraph()`.
 *
 * @category Call graph
 */
export interface CallGraphOptions {
  /**
   * The first frame of the calling task's stack: 1, the default, for the calling function, 2 for its caller, and so
   * on.
   */
  depth?: number | undefined;
  /**
   * The maximum number of entries of a call stack: the innermost ones if it is positive, the outermost ones if it is
   * negative, none if it is 0. `null`, the default, for all.
   */
  limit?: number | null | undefined;
}

/**
 * The options of `printCallGraph()`.
 *
 * @category Call graph
 */
export interface PrintCallGraphOptions extends CallGraphOptions {
  /** Receives the text; `console.log` by default. */
  write?: ((text: string) => unknown) | undefined;
}

/**
 * Captures which futures and tasks await a future or task, which ones await those, and so on.
 *
 * The line at which a suspended task awaits is known only in debug mode, and only for awaits that began after debug
 * mode was enabled.
 *
 * @param future The future or task; the current task by default.
 * @param options Which frames of the call stacks to include.
 * @returns The graph; `null` if no future is given and there is no current task.
 * @throws {TypeError} If `future` is not a `Future`, or an option has the wrong type.
 * @throws {RangeError} If an option is not an integer.
 *
 * @example Usage
 * ```ts
 * import { captureCallGraph, createTask, currentTask, run, sleep } from "@asyncio/asyncio";
 * import { assertStrictEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const main = currentTask();
 *   await createTask(async () => {
 *     await sleep(0);
 *     const graph = captureCallGraph();
 *     assertStrictEquals(graph?.future, currentTask());
 *     assertStrictEquals(graph?.awaitedBy[0]?.future, main);
 *   });
 * });
 * ```
 *
 * @category Call graph
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.capture_call_graph}
 */
export function captureCallGraph(
  future?: Future<unknown> | null,
  options?: CallGraphOptions,
): FutureCallGraph | null {
  return capture(future, options, captureCallGraph);
}

/**
 * Formats the call graph of a future or task.
 *
 * @param future The future or task; the current task by default.
 * @param options Which frames of the call stacks to include.
 * @returns The text; empty if no future is given and there is no current task.
 * @throws {TypeError} If `future` is not a `Future`, or an option has the wrong type.
 * @throws {RangeError} If an option is not an integer.
 *
 * @example Usage
 * ```ts
 * import { createTask, currentTask, formatCallGraph, run, sleep } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   currentTask()!.setName("main");
 *   const child = createTask(async () => {
 *     await sleep(0);
 *     return formatCallGraph(null, { limit: 0 });
 *   }, { name: "child" });
 *   assertEquals(
 *     await child,
 *     "* <Task 'child' pending>\n" +
 *       "  + Awaited by:\n" +
 *       "    * <Task 'main' pending>",
 *   );
 * });
 * ```
 *
 * @category Call graph
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.format_call_graph}
 */
export function formatCallGraph(
  future?: Future<unknown> | null,
  options?: CallGraphOptions,
): string {
  return format(capture(future, options, formatCallGraph));
}

/**
 * Prints the call graph of a future or task. Prints nothing if no future is given and there is no current task.
 *
 * @param future The future or task; the current task by default.
 * @param options Which frames of the call stacks to include, and where to print.
 * @throws {TypeError} If `future` is not a `Future`, or an option has the wrong type.
 * @throws {RangeError} If an option is not an integer.
 *
 * @example Usage
 * ```ts
 * import { printCallGraph, run, taskGroup } from "@asyncio/asyncio";
 *
 * async function work() {
 *   await Promise.resolve();
 *   printCallGraph();
 * }
 *
 * await run(() => taskGroup((group) => void group.createTask(work)), { debug: true });
 * ```
 *
 * @category Call graph
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.print_call_graph}
 */
export function printCallGraph(
  future?: Future<unknown> | null,
  options: PrintCallGraphOptions = {},
): void {
  assertOptions("printCallGraph", options);
  const { write = console.log } = options;
  assertFunction("The write option of printCallGraph()", write);
  const graph = capture(future, options, printCallGraph);
  if (graph === null) return;
  write(format(graph));
}

function capture(
  future: Future<unknown> | null | undefined,
  options: CallGraphOptions = {},
  below: Below,
): FutureCallGraph | null {
  assertOptions("captureCallGraph", options);
  const { depth = 1, limit = null } = options;
  assertInteger("The depth of a call graph", depth);
  if (limit !== null) assertInteger("The limit of a call graph", limit);
  if (future != null) {
    assertInstance(
      "The future of a call graph",
      "a future or a task",
      Future,
      future,
    );
  }
  const caller = callingTask();
  const start = future ?? caller;
  if (start === null) return null;
  const callStack = start === caller
    ? framesOfBody(captureStack(below).stack).slice(Math.max(depth - 1, 0))
    : suspendedFrames(start);
  return build(start, callStack, limit);
}

interface Node extends FutureCallGraph {
  readonly awaitedBy: Node[];
}

// Not recursive: a chain of awaiting tasks may be longer than the engine's stack.
function build(
  start: Future<unknown>,
  callStack: readonly FrameCallGraphEntry[],
  limit: number | null,
): FutureCallGraph {
  const root = nodeOf(start, callStack, limit);
  const nodes = new Map([[start, root]]);
  // The map grows during the iteration.
  for (const node of nodes.values()) {
    for (const awaiter of awaitersOf(node.future)) {
      let next = nodes.get(awaiter);
      if (next === undefined) {
        next = nodeOf(awaiter, suspendedFrames(awaiter, node.future), limit);
        nodes.set(awaiter, next);
      }
      node.awaitedBy.push(next);
    }
  }
  return root;
}

function nodeOf(
  future: Future<unknown>,
  callStack: readonly FrameCallGraphEntry[],
  limit: number | null,
): Node {
  return { future, callStack: limited(callStack, limit), awaitedBy: [] };
}

function limited<T>(stack: readonly T[], limit: number | null): readonly T[] {
  if (limit === null) return stack;
  return limit < 0 ? stack.slice(limit) : stack.slice(0, limit);
}

function format(graph: FutureCallGraph | null): string {
  const lines: string[] = [];
  const shown = new Set<FutureCallGraph>();
  const left = graph === null ? [] : [{ graph, indent: "" }];
  for (let each; (each = left.pop()) !== undefined;) {
    const { graph, indent } = each;
    const { future, callStack, awaitedBy } = graph;
    if (shown.has(graph)) {
      lines.push(`${indent}* ${future} (see above)`);
      continue;
    }
    shown.add(graph);
    lines.push(`${indent}* ${future}`);
    if (callStack.length > 0) lines.push(`${indent}  + Call stack:`);
    for (const frame of callStack) {
      lines.push(`${indent}  |   ${describeFrame(frame)}`);
    }
    if (awaitedBy.length > 0) lines.push(`${indent}  + Awaited by:`);
    for (const awaiter of awaitedBy.toReversed()) {
      left.push({ graph: awaiter, indent: `${indent}    ` });
    }
  }
  return lines.join("\n");
}

/**
 * Records in the call graph that one future awaits another.
 *
 * The library records `await`, `gather()`, `wait()`, `shield()` and task groups itself. Use this function in code
 * that connects futures by `addDoneCallback()`, and call {@linkcode futureDiscardFromAwaitedBy} with the same
 * arguments when the wait is over.
 *
 * @param future The awaited future. It is a no-op if this is not a `Future`.
 * @param waiter The future that awaits it. It is a no-op if this is not a `Future`.
 *
 * @example Usage
 * ```ts
 * import { captureCallGraph, Future, futureAddToAwaitedBy } from "@asyncio/asyncio";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const inner = new Future();
 * const outer = new Future();
 * inner.addDoneCallback(() => outer.setResult(null));
 * futureAddToAwaitedBy(inner, outer);
 * assertStrictEquals(captureCallGraph(inner)?.awaitedBy[0]?.future, outer);
 * ```
 *
 * @category Call graph
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.future_add_to_awaited_by}
 */
export function futureAddToAwaitedBy(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  if (!isInstance(future, Future) || !isInstance(waiter, Future)) return;
  addAwaiter(future, waiter);
}

/**
 * Removes what {@linkcode futureAddToAwaitedBy} recorded.
 *
 * @param future The awaited future. It is a no-op if this is not a `Future`.
 * @param waiter The future that awaited it. It is a no-op if this is not a `Future`.
 *
 * @example Usage
 * ```ts
 * import {
 *   captureCallGraph,
 *   Future,
 *   futureAddToAwaitedBy,
 *   futureDiscardFromAwaitedBy,
 * } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const inner = new Future();
 * const outer = new Future();
 * futureAddToAwaitedBy(inner, outer);
 * futureDiscardFromAwaitedBy(inner, outer);
 * assertEquals(captureCallGraph(inner)?.awaitedBy, []);
 * ```
 *
 * @category Call graph
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.future_discard_from_awaited_by}
 */
export function futureDiscardFromAwaitedBy(
  future: Future<unknown>,
  waiter: Future<unknown>,
): void {
  if (!isInstance(future, Future) || !isInstance(waiter, Future)) return;
  discardAwaiter(future, waiter);
}
