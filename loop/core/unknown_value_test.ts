// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import {
  asError,
  chainOf,
  isInstance,
  propertyOf,
  textAt,
  textOf,
  trySetProperty,
} from "./unknown_value.ts";
import { revoked } from "../../tests/doubles/revoked.ts";

function refuse(): never {
  throw new Error("It refuses");
}

Deno.test("isInstance() is as instanceof, and false where that throws", () => {
  assertEquals(isInstance(new RangeError(), Error), true);
  assertEquals(isInstance({}, Error), false);
  assertEquals(isInstance(undefined, Error), false);
  assertEquals(isInstance(revoked({}), Error), false);
});

Deno.test("propertyOf() gives a property, or undefined where it cannot be read", () => {
  assertEquals(propertyOf({ a: 1 }, "a"), 1);
  assertEquals(propertyOf(Object.create({ a: 1 }), "a"), 1);
  for (
    const value of [null, undefined, revoked({}), {
      get a() {
        return refuse();
      },
    }]
  ) {
    assertEquals(propertyOf(value, "a"), undefined);
  }
});

Deno.test("trySetProperty() says whether a property could be set", () => {
  const object = { a: 1 };
  assertEquals(trySetProperty(object, "a", 2), true);
  assertEquals(object.a, 2);
  assertFalse(trySetProperty(Object.freeze({ a: 1 }), "a", 2));
  assertFalse(trySetProperty(revoked({}), "a", 2));
});

Deno.test("textOf() converts to text, or says what cannot be", () => {
  assertEquals(textOf("text"), "text");
  assertEquals(textOf(Symbol("odd")), "Symbol(odd)");
  assertEquals(textOf(new RangeError("boom")), "RangeError: boom");
  assertEquals(textOf(Object.create(null)), "an unprintable object");
  assertEquals(
    textOf(Object.assign(new Error(), { toString: refuse })),
    "an unprintable Error",
  );
  assertEquals(textOf(revoked({})), "an unprintable object");
  assertEquals(
    textOf({ toString: null, valueOf: null }),
    "an unprintable object",
  );
});

Deno.test("textAt() gives a property that is a text, or another text", () => {
  assertEquals(textAt({ name: "a" }, "name"), "a");
  assertEquals(textAt({ name: Symbol() }, "name"), "");
  assertEquals(textAt(revoked({}), "name", "none"), "none");
});

Deno.test("asError() gives an error as it is, and wraps what is none", () => {
  const error = new Error("boom");
  assertStrictEquals(asError(error), error);
  const value = revoked({});
  assertStrictEquals(asError(value).cause, value);
  assertEquals(asError(1, "Thrown: ").message, "Thrown: 1");
});

Deno.test("chainOf() gives each link of a chain once", () => {
  const last = new Error("last");
  const middle = new Error("middle", { cause: last });
  const first = new Error("first", { cause: middle });
  assertEquals([...chainOf(first, "cause")], [first, middle, last]);
  last.cause = middle;
  assertEquals([...chainOf(first, "cause")], [first, middle, last]);
  last.cause = revoked({});
  assertEquals([...chainOf(first, "cause")], [first, middle, last]);
  assertEquals([...chainOf("no error", "cause")], []);
});
