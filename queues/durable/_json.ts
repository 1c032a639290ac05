// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf } from "../../loop/core/unknown_value.ts";
import { formatValue } from "../../loop/core/validate.ts";

/**
 * Returns a value as JSON. Anything that JSON cannot hold is refused, rather than changed as by `JSON.stringify()`: a
 * worker gets the value that was put. A property that is `undefined` is left out.
 */
export function jsonOf(what: string, value: unknown): string {
  assertJson(what, value, "", new Set());
  return JSON.stringify(value);
}

function assertJson(
  what: string,
  value: unknown,
  path: string,
  within: Set<object>,
): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      break;
    case "object":
      if (value === null) return;
      if (within.has(value)) {
        throw notJson(what, path, "an object that contains itself");
      }
      within.add(value);
      if (!assertMembers(what, value, path, within)) break;
      within.delete(value);
      return;
  }
  throw notJson(what, path, formatValue(value));
}

/** Checks the members of an array or a plain object; returns whether it is one. */
function assertMembers(
  what: string,
  value: object,
  path: string,
  within: Set<object>,
): boolean {
  if (Array.isArray(value)) {
    // Not forEach(): it leaves out holes.
    for (let i = 0; i < value.length; i++) {
      assertJson(what, value[i], `${path}[${i}]`, within);
    }
    return true;
  }
  if (!isPlain(value)) return false;
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    assertJson(what, member, `${path}.${name}`, within);
  }
  return true;
}

/** Whether an object is one of a literal, also of another realm, and does not convert itself. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  const isOfLiteral = prototype === null ||
    Object.getPrototypeOf(prototype) === null;
  return isOfLiteral && typeof propertyOf(value, "toJSON") !== "function";
}

function notJson(what: string, path: string, received: string): TypeError {
  const where = path === "" ? "" : ` at ${path}`;
  return new TypeError(`${what} must be JSON: received ${received}${where}`);
}
