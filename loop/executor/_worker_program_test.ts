// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import * as asyncio from "../../mod.ts";
import {
  CancelledError,
  createTask,
  ExceptionGroup,
  IncompleteReadError,
  QueueEmpty,
  run,
  RuntimeError,
  TimeoutError,
  WorkerExecutor,
} from "../../mod.ts";
import { errorClassNamed } from "../core/errors.ts";
import { errorCodec } from "./_worker_program.ts";
import { JOBS, type Jobs } from "../../tests/doubles/with_jobs.ts";

const codec = errorCodec(errorClassNamed);

/** Encodes and decodes a value, as if it were sent to another thread. */
function travel(thrown: unknown, to = codec): unknown {
  return to.decode(structuredClone(codec.encode(thrown)));
}

function travelled(error: Error, to = codec): Error {
  const arrived = travel(error, to);
  assertInstanceOf(arrived, Error);
  return arrived;
}

Deno.test("errorCodec() keeps the class, message, name and stack of an error", () => {
  for (
    const error of [
      new Error("m"),
      new TypeError("m"),
      new RangeError(""),
      new EvalError("m"),
      new URIError("m"),
      new Deno.errors.NotFound("m"),
      new Deno.errors.PermissionDenied("m"),
      new RuntimeError("m"),
      new TimeoutError("m"),
      new QueueEmpty("m"),
      new CancelledError("m"),
    ]
  ) {
    const arrived = travelled(error);
    assertStrictEquals(arrived.constructor, error.constructor);
    assertStrictEquals(
      Object.getPrototypeOf(arrived),
      Object.getPrototypeOf(error),
    );
    assertEquals(
      [arrived.message, arrived.name, arrived.stack, String(arrived)],
      [error.message, error.name, error.stack, String(error)],
    );
    assertEquals(Object.keys(arrived), Object.keys(error));
    assertEquals(
      Object.prototype.toString.call(arrived),
      "[object Error]",
    );
  }
});

Deno.test("errorCodec() keeps a DOMException", () => {
  const arrived = travelled(new DOMException("m", "AbortError"));
  assertInstanceOf(arrived, DOMException);
  assertEquals(
    [arrived.name, arrived.message, arrived.code],
    ["AbortError", "m", 20],
  );
});

Deno.test("errorCodec() keeps the CancelledError of a cancelled task", async () => {
  const task = createTask(() => new Promise(() => {}));
  task.cancel("enough");
  const error = await assertRejects(() => task, CancelledError);
  const arrived = travelled(error);
  assertInstanceOf(arrived, CancelledError);
  assertEquals(arrived.message, "enough");
});

Deno.test("errorCodec() keeps the fields and causes of an error", () => {
  const arrived = travelled(
    new IncompleteReadError(new Uint8Array([1, 2]), 5),
  );
  assertInstanceOf(arrived, IncompleteReadError);
  assertEquals(arrived.partial, new Uint8Array([1, 2]));
  assertEquals(arrived.expected, 5);

  const cause = new QueueEmpty("below", { cause: 42 });
  const above = travelled(new TypeError("above", { cause }));
  assertInstanceOf(above.cause, QueueEmpty);
  assertEquals(above.cause.message, "below");
  assertEquals(above.cause.cause, 42);
  const none = travelled(new TypeError("m", { cause: undefined }));
  assert("cause" in none);
  assertFalse("cause" in travelled(new TypeError("m")));
});

Deno.test("errorCodec() keeps the errors of an aggregate at every depth", () => {
  const group = travelled(
    new ExceptionGroup("outer", [
      new TypeError("a"),
      new ExceptionGroup("inner", [new QueueEmpty("b"), "no error"]),
    ]),
  );
  assertInstanceOf(group, ExceptionGroup);
  const [a, inner] = group.exceptions;
  assertInstanceOf(a, TypeError);
  assertInstanceOf(inner, ExceptionGroup);
  assertInstanceOf(inner.exceptions[0], QueueEmpty);
  assertEquals(inner.exceptions[1], "no error");
  assertEquals(group.subgroup(QueueEmpty)?.exceptions.length, 1);
  const aggregate = travelled(new AggregateError([new RangeError("c")], "m"));
  assertInstanceOf(aggregate, AggregateError);
  assertInstanceOf(aggregate.errors[0], RangeError);
});

Deno.test("errorCodec() turns an unknown class into its nearest known superclass", () => {
  class Special extends TimeoutError {
    readonly code = 7;
    readonly handler = () => {};
    override name = "Special";
  }
  const arrived = travelled(new Special("m"));
  assertStrictEquals(Object.getPrototypeOf(arrived), TimeoutError.prototype);
  assertEquals(arrived.name, "Special");
  assertEquals(Object.hasOwn(arrived, "handler"), false);
  assertEquals((arrived as Special).code, 7);
  const known = errorCodec((name) =>
    name === "Special" ? { errorClass: Special } : errorClassNamed(name)
  );
  assertInstanceOf(travelled(new Special("m"), known), Special);
  class Group extends ExceptionGroup {}
  const groups = errorCodec((name) =>
    name === "Group" ? { errorClass: Group } : errorClassNamed(name)
  );
  const group = travelled(new Group("m", [new TypeError("a")]), groups);
  assertInstanceOf(group, Group);
  assertEquals(group.exceptions.length, 1);
});

Deno.test("errorCodec() keeps thrown values that are not errors, or their text", () => {
  for (const value of [undefined, null, 0, "text", { a: [1] }, new Date(0)]) {
    assertEquals(travel(value), value);
  }
  assertEquals(travel(Symbol("s")), "Symbol(s)");
  assertStringIncludes(String(travel(() => 1)), "=>");
});

Deno.test("errorCodec() keeps what can be read of a hostile error", () => {
  const frozen = travelled(Object.freeze(new RangeError("frozen")));
  assertInstanceOf(frozen, RangeError);
  const throwing = new RangeError("m");
  for (const key of ["message", "name", "field"]) {
    Object.defineProperty(throwing, key, {
      enumerable: true,
      get() {
        throw new Error("no");
      },
    });
  }
  assertInstanceOf(travelled(throwing), RangeError);
  const circle = new TypeError("circle");
  circle.cause = circle;
  assertInstanceOf(travelled(circle).cause, TypeError);
  const group = new AggregateError([], "circle");
  group.errors.push(group);
  assertInstanceOf(travelled(group), AggregateError);
  const refuse = () => {
    throw new Error("no");
  };
  for (
    const thrown of [
      new Proxy({}, { getPrototypeOf: refuse }),
      new Proxy(new Error(), { getPrototypeOf: refuse }),
      Object.assign(new AggregateError([]), { errors: 1 }),
    ]
  ) {
    assertEquals(
      travelled(thrown as Error).message,
      "What was thrown cannot be read",
    );
  }
});

Deno.test("errorCodec() keeps every error class of the library", () => {
  const names = Object.entries<unknown>(asyncio)
    .filter(([, each]) =>
      typeof each === "function" && each.prototype instanceof Error
    );
  assert(names.length >= 12);
  for (const [name, errorClass] of names) {
    assertStrictEquals(errorClassNamed(name)?.errorClass, errorClass);
  }
});

Deno.test("WorkerExecutor.submit() joins the stacks of the job and its caller in an error", () =>
  run(async () => {
    await using pool = new WorkerExecutor<Jobs>(JOBS, { name: "crew" });
    async function submitter() {
      await pool.submit(function failing() {
        const inner = () => {
          throw new RangeError("m");
        };
        inner();
      });
    }
    const error = await assertRejects(submitter, RangeError, "m");
    assertMatch(
      error.stack!,
      /^RangeError: m\n.*asyncio:failing.*\n +at failing .*\n +at <worker crew_0>\n +at submitter .*_worker_program_test/,
    );
    assertFalse(error.stack!.includes("data:"));
    const ofModule = await assertRejects(
      () => pool.submit("throwIncompleteRead"),
      IncompleteReadError,
    );
    assertMatch(
      ofModule.stack!,
      /^IncompleteReadError: [^\n]*\n +at throwIncompleteRead .*jobs\.ts:.*\n +at <worker crew_0>\n +at .*_worker_program_test/,
    );
    assertEquals(ofModule.partial.length, 2);
  }));

Deno.test("WorkerExecutor() keeps the error classes in its errors option", () =>
  run(async () => {
    await using pool = new WorkerExecutor<Jobs>(JOBS);
    const nearest = await assertRejects(
      () => pool.submit("throwUnknown"),
      RuntimeError,
      "unknown",
    );
    assertStrictEquals(Object.getPrototypeOf(nearest), RuntimeError.prototype);
    assertInstanceOf(nearest.cause, QueueEmpty);
    class UnknownError extends RuntimeError {}
    await using other = new WorkerExecutor<Jobs>(JOBS, {
      errors: [UnknownError],
    });
    const error = await assertRejects(
      () => other.submit("throwUnknown"),
      UnknownError,
    );
    assertEquals((error as UnknownError & { code: number }).code, 7);
  }));

Deno.test("WorkerExecutor.submit() rejects with thrown values that are not errors", () =>
  run(async () => {
    await using pool = new WorkerExecutor({ maxWorkers: 1 });
    for (const value of [undefined, null, "text", { code: 1 }]) {
      const thrown = await pool.submit((value) => {
        throw value;
      }, value).then(() => "nothing", (thrown) => thrown);
      assertEquals(thrown, value);
    }
  }));

Deno.test("WorkerExecutor.submit() rejects with the CancelledError of a job", () =>
  run(async () => {
    await using pool = new WorkerExecutor<Jobs>(JOBS);
    const job = pool.submit("throwCancelled");
    await assertRejects(() => job, CancelledError, "from a worker");
    // As in asyncio, the job failed with it; it was not cancelled.
    assertEquals(job.cancelled(), false);
    assertInstanceOf(job.exception(), CancelledError);
  }));
