// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  nameOfFunction,
  snapshotNow,
} from "../loop/core/introspection/snapshot.ts";
import { failureOf, Future } from "../loop/core/future.ts";
import { watchSchedulers } from "../loop/core/scheduler.ts";
import { Task } from "../loop/core/task.ts";
import type { TaskState } from "../loop/core/task_state.ts";
import { propertyOf } from "../loop/core/unknown_value.ts";
import { assertOptions, wrongType } from "../loop/core/validate.ts";
import { warn } from "../loop/core/errors.ts";
import type { TaskWatch } from "../loop/core/inspection.ts";

/**
 * The part of an OpenTelemetry span that is used.
 *
 * @category Inspection
 */
export interface SpanLike {
  /** Records an event. */
  addEvent(name: string): unknown;
  /** Sets an attribute. */
  setAttribute(key: string, value: string | number | boolean): unknown;
  /** Sets the status; code 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Records an error. */
  recordException(exception: Error): unknown;
  /** Ends the span. */
  end(): unknown;
}

/**
 * The part of an OpenTelemetry tracer that is used.
 *
 * @category Inspection
 */
export interface TracerLike {
  /** Calls a function with a new span, which is the active one inside. */
  startActiveSpan<R>(
    name: string,
    options: { attributes: Record<string, string | number> },
    fn: (span: SpanLike) => R,
  ): R;
}

/**
 * The part of an OpenTelemetry observable gauge that is used.
 *
 * @category Inspection
 */
export interface GaugeLike {
  /** Adds a function that is called when the gauge is read. */
  addCallback(callback: ObserveLike): unknown;
  /** Removes such a function. */
  removeCallback(callback: ObserveLike): unknown;
}

/**
 * Reports the values of a gauge when they are asked for.
 *
 * @category Inspection
 */
export type ObserveLike = (
  result: {
    observe(value: number, attributes?: Record<string, string>): unknown;
  },
) => void;

/**
 * The part of an OpenTelemetry meter that is used.
 *
 * @category Inspection
 */
export interface MeterLike {
  /** Creates a gauge whose value is read when it is needed. */
  createObservableGauge(
    name: string,
    options: { description: string; unit?: string },
  ): GaugeLike;
  /** Creates a histogram. */
  createHistogram(
    name: string,
    options: { description: string; unit?: string },
  ): { record(value: number): unknown };
}

/**
 * The options of {@linkcode instrument}.
 *
 * @category Inspection
 */
export interface InstrumentOptions {
  /** Receives a span for each task that begins from now on. */
  tracer?: TracerLike | undefined;
  /** Receives the delay of the loop, the number of live tasks and the number of items in queues. */
  meter?: MeterLike | undefined;
}

/** How often the delay of the loop is measured, in milliseconds. */
const LAG_INTERVAL = 100;
/** OpenTelemetry's `SpanStatusCode.ERROR`. */
const ERROR = 2;

/**
 * Reports to OpenTelemetry, or to what has the same methods: a span for each task, with its parent, and metrics of the
 * loop. Nothing else of OpenTelemetry is needed.
 *
 * The span of a task is active while the task runs, so the spans of tasks that it creates, and of what it calls, are
 * inside. It is named after the function of the task; `asyncio.task.name` has the name of the task. Requests to cancel
 * it are events, an error is recorded with it. The metrics are `asyncio.loop.lag` (a histogram, in seconds),
 * `asyncio.tasks` by activity, and `asyncio.queue.size` by queue, of queues that were created after this module was
 * imported.
 *
 * An error of the tracer or meter is reported as a warning, once, and does not reach the program.
 *
 * @param options The tracer, the meter, or both.
 * @returns An object that ends the reports; spans of running tasks are ended with their tasks.
 * @throws {TypeError} If the tracer or meter lacks a method.
 *
 * @example Usage
 * ```ts
 * import { run, sleep } from "@asyncio/asyncio";
 * import { instrument, type TracerLike } from "@asyncio/asyncio/inspect";
 *
 * async function main(tracer: TracerLike) { // trace.getTracer("my program")
 *   using _ = instrument({ tracer });
 *   await run(() => sleep(1));
 * }
 * ```
 *
 * @category Inspection
 */
export function instrument(options: InstrumentOptions): Disposable {
  assertOptions("instrument", options);
  const { tracer, meter } = options ?? {};
  if (tracer === undefined && meter === undefined) {
    throw wrongType(
      "The options of instrument()",
      "an object with a tracer or a meter",
      options,
    );
  }
  assertMethods("tracer", tracer, ["startActiveSpan"]);
  assertMethods("meter", meter, ["createObservableGauge", "createHistogram"]);
  const ending: (() => void)[] = [];
  if (tracer !== undefined) ending.push(traceTasks(tracer));
  if (meter !== undefined) ending.push(measure(meter));
  return {
    [Symbol.dispose]: () => {
      for (const end of ending.splice(0)) end();
    },
  };
}

function assertMethods(
  name: string,
  value: unknown,
  methods: readonly string[],
): void {
  if (value === undefined) return;
  const hasAll = methods.every((method) =>
    typeof propertyOf(value, method) === "function"
  );
  if (hasAll) return;
  throw wrongType(
    `The ${name} option of instrument()`,
    `an object with the methods ${methods.join("() and ")}()`,
    value,
  );
}

/** Calls user code, which must not harm the program; says so at the first error. */
function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    warnOnce(error);
  }
}

let hasWarned = false;

function warnOnce(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  warn(`The tracer or meter of instrument() threw an error: ${error}`);
}

function traceTasks(tracer: TracerLike): () => void {
  const spans = new Map<TaskState, SpanLike>();
  let isOver = false;
  const watch: TaskWatch = {
    created() {},
    cancelled(state) {
      const span = spans.get(state);
      if (span !== undefined) attempt(() => span.addEvent("cancel"));
    },
    finished(state) {
      const span = spans.get(state);
      if (span === undefined) return;
      spans.delete(state);
      const task = state.task as Future<unknown>;
      // The outcome is known in a moment.
      queueMicrotask(() => attempt(() => endSpan(span, task)));
    },
    run(state, coro) {
      if (isOver || state.caller !== undefined) return coro();
      let hasBegun = false;
      const begin = (span: SpanLike) => {
        hasBegun = true;
        spans.set(state, span);
        return coro();
      };
      try {
        const task = state.task as Task<unknown>;
        const name = nameOfFunction(coroOf(task)) ?? "task";
        const attributes = {
          "asyncio.task.name": Task.prototype.getName.call(task),
          "asyncio.task.id": state.order,
        };
        return tracer.startActiveSpan(name, { attributes }, begin);
      } catch (error) {
        if (hasBegun) throw error;
        warnOnce(error);
        return coro();
      }
    },
  };
  const stops: (() => void)[] = [];
  stops.push(watchSchedulers((each) => stops.push(each.watchTasks(watch))));
  return () => {
    isOver = true;
    // The watches remain until the last of the tasks has ended its span.
    stops[0]!();
    const stop = () => stops.forEach((each) => each());
    if (spans.size === 0) stop();
    else {
      const { finished } = watch;
      watch.finished = (state) => {
        finished(state);
        if (spans.size === 0) queueMicrotask(stop);
      };
    }
  };
}

function coroOf(task: Task<unknown>): unknown {
  return Task.prototype.getCoro.call(task);
}

function endSpan(span: SpanLike, task: Future<unknown>): void {
  const failure = failureOf(task);
  if (Future.prototype.cancelled.call(task)) {
    span.setAttribute("asyncio.task.cancelled", true);
  } else if (failure !== undefined) {
    const { error } = failure;
    if (error instanceof Error) span.recordException(error);
    span.setStatus({
      code: ERROR,
      message: error instanceof Error ? error.message : "",
    });
  }
  span.end();
}

function measure(meter: MeterLike): () => void {
  const lag = meter.createHistogram("asyncio.loop.lag", {
    description: "How much later than due a timer was",
    unit: "s",
  });
  let due = performance.now() + LAG_INTERVAL;
  const timer = setInterval(() => {
    const now = performance.now();
    attempt(() => lag.record(Math.max(0, now - due) / 1000));
    due = now + LAG_INTERVAL;
  }, LAG_INTERVAL);
  Deno.unrefTimer(timer);
  const tasks = meter.createObservableGauge("asyncio.tasks", {
    description: "Tasks that are not done",
  });
  const countTasks: ObserveLike = (result) => {
    const counts = { new: 0, ready: 0, running: 0, waiting: 0, outside: 0 };
    for (const loop of snapshotNow({ limit: 0 }).loops) {
      for (const name of Object.keys(counts) as (keyof typeof counts)[]) {
        counts[name] += loop.tasks[name];
      }
    }
    for (const [activity, count] of Object.entries(counts)) {
      result.observe(count, { activity });
    }
  };
  tasks.addCallback(countTasks);
  const queues = meter.createObservableGauge("asyncio.queue.size", {
    description: "Items in a queue",
  });
  const sizeQueues: ObserveLike = (result) => {
    for (const { id, kind, size } of snapshotNow({ limit: 0 }).objects) {
      if (kind === "Queue") result.observe(size as number, { queue: `${id}` });
    }
  };
  queues.addCallback(sizeQueues);
  return () => {
    clearInterval(timer);
    attempt(() => tasks.removeCallback(countTasks));
    attempt(() => queues.removeCallback(sizeQueues));
  };
}
