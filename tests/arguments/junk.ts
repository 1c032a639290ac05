// Copyright 2026 the asyncio for Deno authors. MIT license.

import * as asyncio from "../../mod.ts";
import { revoked } from "../doubles/revoked.ts";

/** A value that is a wrong argument nearly everywhere. */
export interface Junk {
  readonly label: string;
  readonly make: () => unknown;
}

/** The error of the hostile values: an error of user code, which any call may throw. */
export class Trap extends Error {
  override readonly name = "Trap";
}

function trap(): never {
  throw new Trap("the value was looked at");
}

const TRAPS: ProxyHandler<object> = Object.fromEntries(
  Reflect.ownKeys(Reflect).filter((key) => typeof key === "string")
    .map((key) => [key, trap]),
);

class Stranger {
  field = 1;
}

/** The values that every parameter is given. */
export const JUNK: readonly Junk[] = [
  { label: "undefined", make: () => undefined },
  { label: "null", make: () => null },
  { label: "true", make: () => true },
  { label: "1.5", make: () => 1.5 },
  { label: "-1", make: () => -1 },
  { label: "NaN", make: () => NaN },
  { label: "Infinity", make: () => Infinity },
  { label: "2 ** 53", make: () => 2 ** 53 },
  { label: '""', make: () => "" },
  { label: '"junk"', make: () => "junk" },
  { label: "a symbol", make: () => Symbol("junk") },
  { label: "1n", make: () => 1n },
  { label: "{}", make: () => ({}) },
  { label: "an object without prototype", make: () => Object.create(null) },
  { label: "an object that cannot be text", make: unprintable },
  { label: "an object that contains itself", make: cyclic },
  { label: "[]", make: () => [] },
  { label: "[null]", make: () => [null] },
  { label: "[a symbol]", make: () => [Symbol("junk")] },
  { label: "a function", make: () => () => undefined },
  { label: "an async function", make: () => async () => {} },
  { label: "a date", make: () => new Date(0) },
  { label: "an instance of a class", make: () => new Stranger() },
  { label: "an event", make: () => new asyncio.Event() },
  { label: "a context", make: () => new asyncio.Context() },
  { label: "a future", make: () => new asyncio.Future() },
  { label: "a protocol", make: () => new asyncio.Protocol() },
  { label: "a reader", make: () => new asyncio.StreamReader() },
  { label: "a promise", make: () => Promise.resolve(1) },
  { label: "bytes", make: () => new Uint8Array(1) },
  { label: "a URL", make: () => new URL("https://example.com/") },
  { label: "a map", make: () => new Map() },
  { label: "a signal", make: () => new AbortController().signal },
  { label: "an error", make: () => new Error("junk") },
  { label: "a duration that is none", make: () => ({ total: 1 }) },
  { label: "a thenable that is none", make: () => ({ then: 1 }) },
  { label: "a thenable", make: () => ({ then() {} }) },
  { label: "a proxy that throws", make: () => new Proxy({}, TRAPS) },
  {
    label: "a function that throws",
    make: () => new Proxy<object>(trap, TRAPS),
  },
  { label: "a revoked proxy", make: () => revoked({}) },
  { label: "a revoked function", make: () => revoked(() => {}) },
];

function unprintable(): unknown {
  return { toString: undefined, valueOf: undefined, constructor: null };
}

function cyclic(): unknown {
  const object: Record<string, unknown> = {};
  object.self = object;
  return object;
}
