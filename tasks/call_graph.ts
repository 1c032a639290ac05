// Copyright 2026 the asyncio for Deno authors. MIT license.

import { awaitersOf } from "../loop/core/introspection/awaiters.ts";
import {
  type Below,
  captureStack,
  describeFrame,
  type FrameCallGraphEntry,
  framesOfBody,
} from "../loop/core/introspection/call_stack.ts";
import { Future } from "../loop/core/future.ts";
import { suspendedFrames } from "../loop/core/introspection/source_stacks.ts";
import { callingTask } from "../loop/core/task.ts";
import {
  assertFunction,
  assertInstance,
  assertInteger,
  assertOptions,
} from "../loop/core/validate.ts";

/** A future or task, where it is, and what awaits it. */
export interface FutureCallGraph {
  /** The future or task. */
  readonly future: Future<unknown>;
  /**
   * Where the task is, the innermost function first. That of the calling task is always known, that of
   * a suspended one in debug mode; a future that is no task has none.
   */
  readonly callStack: readonly FrameCallGraphEntry[];
  /** What awaits the future, and what awaits that, and so on. What is met twice is the same object. */
  readonly awaitedBy: readonly FutureCallGraph[];
}

/** The options of `captureCallGraph()`. */
export interface CallGraphOptions {
  /**
   * Where the stack of the calling task begins: 1, the default, for the function that calls, 2 for the
   * one that called it, and so on.
   */
  depth?: number | undefined;
  /**
   * How many entries a call stack has at most: the innermost ones if it is positive, the outermost ones
   * if it is negative. `null`, the default, for all; 0 for none.
   */
  limit?: number | null | undefined;
}

/** The options of `printCallGraph()`. */
export interface PrintCallGraphOptions extends CallGraphOptions {
  /** Takes the text; `console.log` by default. */
  write?: ((text: string) => unknown) | undefined;
}

/**
 * Captures who awaits whom: a future or task, what awaits it, what awaits that, and so on.
 *
 * Who awaits is known at all times. At which line a suspended task awaits is known only in debug mode,
 * and only for what it has begun to await since.
 *
 * @param future The future or task, by default the one that runs the caller.
 * @param options Which frames of the call stacks are wanted.
 * @returns The graph; `null` if no future is given and no task runs the caller.
 * @throws {TypeError} If `future` is no `Future`.
 * @throws {TypeError} If an option has the wrong type.
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
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.capture_call_graph}
 */
export function captureCallGraph(
  future?: Future<unknown> | null,
  options?: CallGraphOptions,
): FutureCallGraph | null {
  return capture(future, options, captureCallGraph);
}

/**
 * Who awaits whom, as text.
 *
 * @param future The future or task, by default the one that runs the caller.
 * @param options Which frames of the call stacks are wanted.
 * @returns The text; an empty one if no future is given and no task runs the caller.
 * @throws {TypeError} If `future` is no `Future`.
 * @throws {TypeError} If an option has the wrong type.
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
 * @see {@link https://docs.python.org/3/library/asyncio-graph.html#asyncio.format_call_graph}
 */
export function formatCallGraph(
  future?: Future<unknown> | null,
  options?: CallGraphOptions,
): string {
  return format(capture(future, options, formatCallGraph));
}

/**
 * Prints who awaits whom. Nothing is printed if no future is given and no task runs the caller.
 *
 * @param future The future or task, by default the one that runs the caller.
 * @param options Which frames of the call stacks are wanted, and where to print.
 * @throws {TypeError} If `future` is no `Future`.
 * @throws {TypeError} If an option has the wrong type.
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

// Not by recursion: tasks may await each other in a chain longer than the engine's stack.
function build(
  start: Future<unknown>,
  callStack: readonly FrameCallGraphEntry[],
  limit: number | null,
): FutureCallGraph {
  const root = nodeOf(start, callStack, limit);
  const nodes = new Map([[start, root]]);
  // The map grows while it is gone through.
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
