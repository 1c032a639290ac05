// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { ExceptionGroup } from "../mod.ts";
import { groupOf } from "./exception_group.ts";

const a = new TypeError("a");
const b = new RangeError("b");
const c = new SyntaxError("c");

/** A group as nested arrays of messages. */
function messages(group: unknown): unknown {
  if (group === null) return null;
  if (!(group instanceof ExceptionGroup)) return (group as Error).message;
  return [group.message, ...group.exceptions.map(messages)];
}

function nested(): ExceptionGroup {
  return new ExceptionGroup("outer", [
    a,
    new ExceptionGroup("inner", [b, new ExceptionGroup("innermost", [c])]),
  ]);
}

Deno.test("ExceptionGroup takes a message, the exceptions and a cause", () => {
  const cause = new Error("why");
  const group = new ExceptionGroup("two", [a, b], { cause });
  assertInstanceOf(group, AggregateError);
  assertInstanceOf(group, Error);
  assertEquals(group.name, "ExceptionGroup");
  assertEquals(group.message, "two");
  assertEquals(String(group), "ExceptionGroup: two");
  assertEquals(group.exceptions, [a, b]);
  assertEquals(group.errors, [a, b]);
  assertStrictEquals(group.cause, cause);
});

Deno.test("ExceptionGroup keeps its own, frozen list of exceptions", () => {
  const list: unknown[] = [a];
  const group = new ExceptionGroup("one", list);
  list.push(b);
  assertEquals(group.exceptions, [a]);
  assert(Object.isFrozen(group.exceptions));
  assertThrows(() => (group.exceptions as unknown[]).push(b), TypeError);
});

Deno.test("ExceptionGroup takes what was thrown without being an Error", () => {
  assertEquals(new ExceptionGroup("odd", ["text", null]).exceptions, [
    "text",
    null,
  ]);
});

Deno.test("ExceptionGroup refuses wrong arguments", () => {
  assertThrows(
    // @ts-expect-error -- the order of AggregateError's arguments
    () => new ExceptionGroup([a], "two"),
    TypeError,
    "The message of an ExceptionGroup must be a string: received an instance of Array",
  );
  assertThrows(
    // @ts-expect-error -- no array
    () => new ExceptionGroup("two", a),
    TypeError,
    "The exceptions of an ExceptionGroup must be an array: received an instance of TypeError",
  );
  assertThrows(
    () => new ExceptionGroup("none", []),
    RangeError,
    "The exceptions of an ExceptionGroup must be at least one: received none",
  );
});

Deno.test("ExceptionGroup.split() parts by class and keeps the nesting", () => {
  const [match, rest] = nested().split(SyntaxError);
  assertEquals(messages(match), ["outer", ["inner", ["innermost", "c"]]]);
  assertEquals(messages(rest), ["outer", "a", ["inner", "b"]]);
});

Deno.test("ExceptionGroup.split() takes several classes", () => {
  const [match, rest] = nested().split([TypeError, SyntaxError]);
  assertEquals(messages(match), [
    "outer",
    "a",
    ["inner", ["innermost", "c"]],
  ]);
  assertEquals(messages(rest), ["outer", ["inner", "b"]]);
  assertEquals(messages(nested().split([])[0]), null);
});

Deno.test("ExceptionGroup.split() takes a predicate, which it asks about groups as well", () => {
  const asked: unknown[] = [];
  const [match, rest] = nested().split((error) => {
    asked.push((error as Error).message);
    return error === b;
  });
  assertEquals(asked, ["outer", "a", "inner", "b", "innermost", "c"]);
  assertEquals(messages(match), ["outer", ["inner", "b"]]);
  assertEquals(messages(rest), [
    "outer",
    "a",
    ["inner", ["innermost", "c"]],
  ]);

  const isInner = (error: unknown) => (error as Error).message === "inner";
  assertEquals(messages(nested().split(isInner)[0]), [
    "outer",
    ["inner", "b", ["innermost", "c"]],
  ]);
  assertEquals(messages(nested().split(isInner)[1]), ["outer", "a"]);
});

Deno.test("ExceptionGroup.split() gives null for an empty part", () => {
  const group = new ExceptionGroup("one", [a]);
  const [match, rest] = group.split(TypeError);
  assertEquals(messages(match), ["one", "a"]);
  assertEquals(rest, null);
  assertEquals(group.split(RangeError)[0], null);
  assertEquals(messages(group.split(RangeError)[1]), ["one", "a"]);
});

Deno.test("ExceptionGroup.split() gives the group itself when the group matches", () => {
  const group = nested();
  for (const condition of [ExceptionGroup, Error, AggregateError]) {
    const [match, rest] = group.split(condition);
    assertStrictEquals(match, group);
    assertEquals(rest, null);
  }
});

Deno.test("ExceptionGroup.split() keeps cause and stack", () => {
  const cause = new Error("why");
  const group = new ExceptionGroup("two", [a, b], { cause });
  for (const part of group.split(TypeError)) {
    assertStrictEquals(part?.cause, cause);
    assertEquals(part?.stack, group.stack);
  }
});

Deno.test("ExceptionGroup.subgroup() gives what matches, or null", () => {
  assertEquals(messages(nested().subgroup(RangeError)), [
    "outer",
    ["inner", "b"],
  ]);
  assertEquals(nested().subgroup(ReferenceError), null);
  assertType<
    IsExact<ReturnType<ExceptionGroup["subgroup"]>, ExceptionGroup | null>
  >(true);
});

Deno.test("ExceptionGroup.subgroup() refuses a condition that is none", () => {
  assertThrows(
    // @ts-expect-error -- no condition
    () => nested().subgroup("TypeError"),
    TypeError,
    'The condition of an ExceptionGroup must be a class, an array of classes or a predicate: received "TypeError"',
  );
});

Deno.test("ExceptionGroup.derive() of a subclass makes the parts", () => {
  class Failures extends ExceptionGroup {
    constructor(readonly code: number, exceptions: readonly unknown[]) {
      super("failures", exceptions);
    }
    override derive(exceptions: readonly unknown[]): Failures {
      return new Failures(this.code, exceptions);
    }
  }
  const group = new Failures(7, [a, new ExceptionGroup("inner", [b])]);
  const [match, rest] = group.split(RangeError);
  assertInstanceOf(match, Failures);
  assertInstanceOf(rest, Failures);
  assertEquals(match.code, 7);
  assertEquals(messages(match), ["failures", ["inner", "b"]]);
  assertEquals((match.exceptions[0] as Error).constructor, ExceptionGroup);
});

Deno.test("ExceptionGroup.derive() makes a group with the same message", () => {
  assertEquals(messages(nested().derive([b])), ["outer", "b"]);
});

Deno.test("ExceptionGroup prints each exception once, nested as it is", () => {
  const text = Deno.inspect(
    new ExceptionGroup("outer", [
      new TypeError("first"),
      new ExceptionGroup("inner", [new RangeError("second")]),
    ]),
    { colors: false },
  );
  const messages = text.match(
    /ExceptionGroup: outer|TypeError: first|ExceptionGroup: inner|RangeError: second/g,
  );
  assertEquals(messages, [
    "ExceptionGroup: outer",
    "TypeError: first",
    "ExceptionGroup: inner",
    "RangeError: second",
  ]);
});

/** The lines in which the console shows a value, without those of stacks. */
function shownLines(value: unknown): string[] {
  return Deno.inspect(value, { colors: false }).split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("at "));
}

Deno.test("ExceptionGroup shows at most 15 of its exceptions", () => {
  const errors = Array.from({ length: 40 }, (_, i) => new Error(`error ${i}`));
  const group = new ExceptionGroup("many", errors);
  const text = shownLines(group).join("\n");
  assertEquals(text.match(/Error: error \d+/g)?.length, 15);
  assert(text.includes("… and 25 more"));
  assert(
    !shownLines(new ExceptionGroup("few", errors.slice(0, 15)))
      .join("\n").includes("more"),
  );
  assertEquals(group.errors.length, 40);
});

Deno.test("ExceptionGroup shows names, causes and what programs add", () => {
  const group = groupOf("two", [
    { error: new TypeError("bad"), name: "fetch-1" },
    { error: "text", name: null },
  ]);
  group.cause = new RangeError("why");
  (group as { extra?: number }).extra = 5;
  const lines = shownLines(group);
  assertEquals(lines[0], "ExceptionGroup: two");
  const text = lines.join("\n");
  assert(text.includes("fetch-1: TypeError: bad"), text);
  assert(text.includes('"text"'), text);
  assert(text.includes("[cause]: RangeError: why"), text);
  assert(text.includes("extra: 5"), text);
});

Deno.test("ExceptionGroup shows the names of what it is split into", () => {
  const inner = groupOf("inner", [{ error: new TypeError("c"), name: "c" }]);
  const group = groupOf("outer", [
    { error: new TypeError("a"), name: "a" },
    { error: new RangeError("b"), name: "b" },
    { error: inner, name: "nested" },
  ]);
  const [types, rest] = group.split(TypeError);
  const text = shownLines(types).join("\n");
  assert(text.includes("a: TypeError: a"), text);
  assert(text.includes("nested: ExceptionGroup: inner"), text);
  assert(text.includes("c: TypeError: c"), text);
  assert(shownLines(rest).join("\n").includes("b: RangeError: b"));
});

Deno.test("ExceptionGroup shows groups in circles, deep ones and odd members", () => {
  const circle = new ExceptionGroup("circle", [new Error("member")]);
  circle.cause = circle;
  assert(shownLines(circle).join("\n").includes("[ExceptionGroup: circle]"));

  let deep = new ExceptionGroup("deep", [new Error("innermost")]);
  for (let i = 0; i < 10_000; i++) deep = new ExceptionGroup("deep", [deep]);
  assert(shownLines(deep).length < 100);

  class Odd extends ExceptionGroup {
    override get message(): string {
      throw new Error("unreadable");
    }
  }
  const odd = new Odd("odd", [null, undefined, Object.create(null), Symbol()]);
  assert(shownLines(odd).length > 0);
});
