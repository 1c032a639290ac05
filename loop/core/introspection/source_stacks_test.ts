// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import {
  captureStack,
  describeFrame,
  framesIn,
  framesOfBody,
} from "./source_stacks.ts";

const STACK = `Error: at last (file:///no.ts:1:1)
    at inner (file:///a.ts:1:2)
    at async Service.#load (https://example.org/b (1).ts:30:4)
    at async file:///C:/c.ts:5:6
    at async Promise.all (index 0)
    at gen.next (<anonymous>)
    at new Thing (/tmp/d.ts:7:8)`;

Deno.test("framesIn() reads every frame that has a line", () => {
  assertEquals(framesIn(STACK).map(describeFrame), [
    "inner (file:///a.ts:1:2)",
    "Service.#load (https://example.org/b (1).ts:30:4)",
    "file:///C:/c.ts:5:6",
    "new Thing (/tmp/d.ts:7:8)",
  ]);
  assertEquals(framesIn(STACK)[2], {
    functionName: null,
    fileName: "file:///C:/c.ts",
    lineNumber: 5,
    columnNumber: 6,
  });
});

Deno.test("framesOfBody() ends at the task's function, and omits Deno's own frames", () => {
  const run = new URL("../task.ts", import.meta.url).href;
  const stack = `Error
    at inner (file:///a.ts:1:2)
    at AsyncLocalStorage.run (ext:deno_node/async_hooks.ts:1:2)
    at Own.#run (file:///a.ts:3:4)
    at Task.#run (${run}:5:6)
    at creator (file:///a.ts:7:8)`;
  assertEquals(
    framesOfBody(stack).map((frame) => frame.functionName),
    ["inner", "Own.#run"],
  );
});

Deno.test("captureStack() is not cut off by the engine's limit, and keeps that", () => {
  const { stackTraceLimit } = Error;
  function descend(depth: number): string {
    return depth === 0 ? captureStack(descend).stack : other(depth);
  }
  function other(depth: number): string {
    return descend(depth - 1);
  }
  function above(depth: number): string {
    return depth === 0 ? captureStack(captureStack).stack : above(depth - 1);
  }
  assertEquals(framesIn(descend(30))[0]?.functionName, "other");
  assert(framesIn(above(30)).length > 30);
  assertEquals(Error.stackTraceLimit, stackTraceLimit);
});
