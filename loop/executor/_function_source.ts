// Copyright 2026 the asyncio for Deno authors. MIT license.

import { wrongType } from "../core/validate.ts";
type AnyFunction = (...args: never[]) => unknown;

/** A function by its source, which is an expression. */
export interface FunctionSource {
  readonly source: string;
  /** What the function is called in stacks. */
  readonly name: string;
}

/** Those of functions that were looked at before. */
const sources = new WeakMap<AnyFunction, FunctionSource>();

/**
 * The source of a function that can be run elsewhere.
 *
 * @throws {TypeError} If it is not a function, or if it cannot be run by its source.
 */
export function sourceOf(fn: unknown): FunctionSource {
  if (typeof fn !== "function") {
    throw wrongType("The function of a job", "a function", fn);
  }
  const known = sources.get(fn as AnyFunction);
  if (known !== undefined) return known;
  const source = {
    source: expressionOf(fn as AnyFunction),
    name: fn.name.replaceAll(/\s/g, "_") || "anonymous",
  };
  sources.set(fn as AnyFunction, source);
  return source;
}

function expressionOf(fn: AnyFunction): string {
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    throw cannotTravel(fn, "a bound function or one of the platform");
  }
  if (/^class\b/.test(source)) throw cannotTravel(fn, "a class");
  const tag = Object.prototype.toString.call(fn);
  if (tag.includes("Generator")) throw cannotTravel(fn, "a generator function");
  // A method's source is one only inside an object.
  const method = `Object.values({ ${source} })[0]`;
  const problem = syntaxErrorIn(source);
  if (problem === null) return source;
  if (syntaxErrorIn(method) === null) return method;
  throw cannotTravel(
    fn,
    `one that needs its surroundings: ${problem.message}`,
    {
      cause: problem,
    },
  );
}

function syntaxErrorIn(expression: string): SyntaxError | null {
  try {
    // Only parsed; the function is never called.
    new Function(`"use strict";return (${expression}\n)`);
    return null;
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

function cannotTravel(
  { name }: AnyFunction,
  what: string,
  options?: ErrorOptions,
): TypeError {
  return new TypeError(
    `Expected a self-contained function, which a worker runs by its source: received ${
      name === "" ? "" : `"${name}", `
    }${what}`,
    options,
  );
}
