// Copyright 2026 the asyncio for Deno authors. MIT license.

import { wrongType } from "../core/validate.ts";
type AnyFunction = (...args: never[]) => unknown;

/** The source of a function, as an expression. */
export interface FunctionSource {
  readonly source: string;
  /** The name of the function in stacks. */
  readonly name: string;
}

/** The sources of functions that have been validated. */
const sources = new WeakMap<AnyFunction, FunctionSource>();

/**
 * Returns the source of a function, to be run in another thread.
 *
 * @throws {TypeError} If it is not a function, or cannot be run from its source.
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
    throw cannotTravel(fn, "a bound or native function");
  }
  if (/^class\b/.test(source)) throw cannotTravel(fn, "a class");
  const tag = Object.prototype.toString.call(fn);
  if (tag.includes("Generator")) throw cannotTravel(fn, "a generator function");
  // The source of a method is valid only inside an object.
  const method = `Object.values({ ${source} })[0]`;
  const problem = syntaxErrorIn(source);
  if (problem === null) return source;
  if (syntaxErrorIn(method) === null) return method;
  throw cannotTravel(
    fn,
    `a function that depends on its surroundings: ${problem.message}`,
    {
      cause: problem,
    },
  );
}

function syntaxErrorIn(expression: string): SyntaxError | null {
  try {
    // The function is only parsed, never called.
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
    `The function of a job must be self-contained, as it is sent as source: received ${
      name === "" ? "" : `"${name}", `
    }${what}`,
    options,
  );
}
