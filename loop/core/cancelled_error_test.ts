// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  Future,
  run,
  sleep,
  taskGroup,
  timeout,
  TimeoutError,
} from "../../mod.ts";
import { runProgram } from "../../tests/doubles/program.ts";
import { cancellationIn } from "./cancelled_error.ts";

/** The error that a cancelled task ends with. */
async function delivered(msg?: string): Promise<CancelledError> {
  const task = createTask(() => sleep(3600));
  await sleep(0);
  task.cancel(msg);
  const error = await task.then(() => null, (error) => error);
  assertInstanceOf(error, CancelledError);
  return error;
}

/** A resource that takes long to dispose of. */
function slow(): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      await sleep(60);
    },
  };
}

async function failAndDispose(): Promise<void> {
  await using _ = slow();
  throw new RangeError("earlier");
}

Deno.test("CancelledError that is delivered names the public class as its constructor", () =>
  run(async () => {
    const error = await delivered();
    assertStrictEquals(error.constructor, CancelledError);
    assertFalse(Object.keys(error).includes("constructor"));
    const enumerated = [];
    for (const key in error) enumerated.push(key);
    assertFalse(enumerated.includes("constructor"));
  }));

Deno.test("CancelledError has a name, a message and a cause", () => {
  const cause = new Error("why");
  const error = new CancelledError("stop", { cause });
  assertEquals(error.name, "CancelledError");
  assertEquals(error.message, "stop");
  assertStrictEquals(error.cause, cause);
  assertEquals(String(error), "CancelledError: stop");
  assertEquals(new CancelledError().message, "");
  assertFalse(Object.hasOwn(new CancelledError(), "cause"));
  assertInstanceOf(error, Error);
});

Deno.test("CancelledError as it is delivered says what the canceller said", () =>
  run(async () => {
    const error = await delivered("out of time");
    assertInstanceOf(error, Error);
    assertEquals(error.name, "CancelledError");
    assertEquals(error.message, "out of time");
    assertEquals(error.cause, undefined);
    assertEquals(String(error), "CancelledError: out of time");
    assertEquals(error.stack, "CancelledError: out of time");
    assertStringIncludes(Deno.inspect(error), "CancelledError: out of time");
  }));

Deno.test("CancelledError has an empty message if cancel() had none", () =>
  run(async () => {
    const error = await delivered();
    assertEquals(error.message, "");
    assertEquals(String(error), "CancelledError");
    assertEquals(Deno.inspect(error), "CancelledError");
  }));

Deno.test("CancelledError has the stack of its origin in debug mode", async () => {
  try {
    await run(async () => {
      const error = await delivered("why");
      assert(error.stack!.split("\n").length > 1);
      assertStringIncludes(Deno.inspect(error), "CancelledError: why\n    at ");
    }, { debug: true });
  } finally {
    await run(() => {}, { debug: false });
  }
});

Deno.test("CancelledError says the same to all who await a cancelled future", () =>
  run(async () => {
    const future = new Future();
    const readers = [0, 1].map(() =>
      createTask(() => future.catch((error) => error))
    );
    await sleep(0);
    future.cancel("both");
    const [a, b] = [await readers[0], await readers[1]];
    assertInstanceOf(a, CancelledError);
    assertEquals((a as Error).message, "both");
    assertEquals((b as Error).message, "both");
  }));

Deno.test("CancelledError in a branch that is not awaited does not end the process", async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { createTask, run, sleep } from "asyncio";
    await run(async () => {
      const task = createTask(async () => {
        const branch = (async () => { await sleep(3600); })();
        try { await sleep(3600); } catch { console.log("caught"); }
        void branch;
      });
      await sleep(0);
      task.cancel();
      await task;
      await sleep(0.001);
    });
    console.log("end");
  `);
  assertEquals([code, stdout, stderr], [0, "caught\nend\n", ""]);
});

Deno.test("CancelledError that the program made itself is not kept from ending the process", async () => {
  const { code, stderr } = await runProgram(`
    import { CancelledError, createTask, run, sleep } from "asyncio";
    await run(async () => {
      const task = createTask(() => sleep(3600));
      await sleep(0);
      task.cancel();
      await task.catch(() => {});
    });
    void Promise.reject(new CancelledError("mine"));
    setTimeout(() => console.log("too late"), 1000);
  `);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "CancelledError: mine");
});

Deno.test("cancellationIn() finds the cancellation that came last", () => {
  const cancellation = new CancelledError();
  const other = new RangeError();
  assertEquals(cancellationIn(cancellation), cancellation);
  assertEquals(
    cancellationIn(new SuppressedError(cancellation, other)),
    cancellation,
  );
  assertEquals(
    cancellationIn(
      new SuppressedError(new SuppressedError(cancellation, other), other),
    ),
    cancellation,
  );
  assertEquals(cancellationIn(new SuppressedError(other, cancellation)), null);
  assertEquals(cancellationIn(other), null);
  assertEquals(cancellationIn(undefined), null);
});

Deno.test("Task ends as cancelled where that strikes while it disposes of what failed", () =>
  run(async () => {
    const task = createTask(failAndDispose);
    await sleep(0);
    task.cancel("enough");
    const error = await assertRejects(() => task, CancelledError);
    assertEquals(error.message, "enough");
    assert(task.cancelled());
  }));

Deno.test("timeout() that strikes while its body disposes of what failed is a TimeoutError", () =>
  run(async () => {
    await assertRejects(() => timeout(0.001, failAndDispose), TimeoutError);
  }));

Deno.test("taskGroup() cancelled while its body disposes of resources is cancelled", () =>
  run(async () => {
    const task = createTask(() => taskGroup(failAndDispose));
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assert(task.cancelled());
  }));
