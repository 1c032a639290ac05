// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { ErrorClass } from "../core/error_classes.ts";

/** An error encoded for another thread. */
interface EncodedError {
  /** The names of its class and the superclasses, from the class upwards. */
  classes: string[];
  name: string;
  message: string;
  stack: string;
  /** The own properties that can be cloned. */
  fields: Record<string, unknown>;
  cause?: Encoded;
  /** The errors of an `AggregateError`. */
  errors?: Encoded[];
}

/** A thrown value encoded for another thread. */
export type Encoded = { error: EncodedError } | { value: unknown };

/** Encodes thrown values for another thread, and decodes them there. */
export interface ErrorCodec {
  encode(thrown: unknown): Encoded;
  decode(encoded: Encoded): unknown;
}

/**
 * Creates the codec of a thread.
 *
 * Encoded stacks leave out the frames that contain the text `bottom`, which marks the library's own code, and
 * everything below them.
 *
 * The function is self-contained, since its source is a part of the worker program.
 */
export function errorCodec(
  classNamed: (name: string) => ErrorClass | undefined,
  bottom: string | null = null,
): ErrorCodec {
  /** The maximum nesting of causes and aggregated errors: an error may be its own cause. */
  const MAX_DEPTH = 16;
  // Captured here, since a job may delete the global.
  const clone = structuredClone;

  /** The replacement for errors that cannot be read, such as proxies that throw. */
  const UNREADABLE: EncodedError = {
    classes: ["Error"],
    name: "Error",
    message: "What was thrown cannot be read",
    stack: "Error: What was thrown cannot be read",
    fields: {},
  };

  function encode(thrown: unknown, depth = 0): Encoded {
    if (!(thrown instanceof Error)) {
      return { value: isCloneable(thrown) ? thrown : String(thrown) };
    }
    if (depth === MAX_DEPTH) return { value: textOf(thrown, "message") };
    const error: EncodedError = {
      classes: classesOf(thrown),
      name: textOf(thrown, "name"),
      message: textOf(thrown, "message"),
      stack: aboveBottom(textOf(thrown, "stack")),
      fields: fieldsOf(thrown),
    };
    if (Object.hasOwn(thrown, "cause")) {
      error.cause = encode(thrown.cause, depth + 1);
    }
    if (thrown instanceof AggregateError) {
      error.errors = thrown.errors.map((each) => encode(each, depth + 1));
    }
    return { error };
  }

  function isCloneable(value: unknown): boolean {
    if (typeof value === "function") return false;
    try {
      clone(value);
      return true;
    } catch {
      return false;
    }
  }

  function classesOf(error: Error): string[] {
    const names = [];
    for (
      let prototype = Object.getPrototypeOf(error);
      prototype !== null && prototype !== Object.prototype;
      prototype = Object.getPrototypeOf(prototype)
    ) {
      if (Object.hasOwn(prototype, "constructor")) {
        names.push(String(prototype.constructor.name));
      }
    }
    return names;
  }

  function textOf(error: Error, key: "name" | "message" | "stack"): string {
    try {
      return String(error[key] ?? "");
    } catch {
      // A user-defined getter threw.
      return "";
    }
  }

  function aboveBottom(stack: string): string {
    if (bottom === null) return stack;
    const lines = stack.split("\n");
    const end = lines.findLastIndex((line) => line.includes(bottom));
    return lines.slice(0, end === -1 ? undefined : end)
      .filter((line) => !line.includes(bottom)).join("\n");
  }

  function fieldsOf(error: Error): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const key of Object.keys(error)) {
      if (["cause", "errors", "message", "stack"].includes(key)) continue;
      try {
        const value = Reflect.get(error, key);
        if (isCloneable(value)) fields[key] = value;
      } catch {
        // As above.
      }
    }
    return fields;
  }

  function decode(encoded: Encoded): unknown {
    if ("value" in encoded) return encoded.value;
    const { classes, name, message, stack, fields, cause, errors } =
      encoded.error;
    const error = createError(encoded.error);
    const errorClass = knownClasses(classes)[0]?.errorClass ?? Error;
    if (!(error instanceof errorClass)) {
      Object.setPrototypeOf(error, errorClass.prototype);
    }
    define(error, "stack", stack);
    if (Object.hasOwn(encoded.error, "cause")) {
      define(error, "cause", cause && decode(cause));
    }
    if (errors !== undefined && !Object.hasOwn(error, "errors")) {
      define(error, "errors", errors.map(decode));
    }
    for (const [key, value] of Object.entries(fields)) {
      define(error, key, value, true);
    }
    if (error.message !== message) define(error, "message", message);
    if (error.name !== name) define(error, "name", name);
    return error;
  }

  function createError({ classes, name, message, errors = [] }: EncodedError) {
    if (classes.includes("DOMException")) {
      return new DOMException(message, name);
    }
    const create = knownClasses(classes).find((each) => each.create)?.create;
    // The stack of the decoder is irrelevant, and Deno would print it.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return create?.(message, errors.map(decode)) ?? new Error(message);
    } finally {
      Error.stackTraceLimit = limit;
    }
  }

  function knownClasses(names: readonly string[]): ErrorClass[] {
    return names.map((name) => classNamed(name) ?? builtIn(name))
      .filter((each) => each !== undefined);
  }

  function builtIn(name: string): ErrorClass | undefined {
    const { Deno: deno } = globalThis as Partial<typeof globalThis>;
    const errorClass = Reflect.get(deno?.errors ?? {}, name) ??
      Reflect.get(globalThis, name);
    const isClass = typeof errorClass === "function" &&
      (errorClass === Error || errorClass.prototype instanceof Error);
    return isClass ? { errorClass } : undefined;
  }

  function define(
    error: Error,
    key: string,
    value: unknown,
    enumerable = false,
  ): void {
    Object.defineProperty(error, key, {
      value,
      enumerable,
      configurable: true,
      writable: true,
    });
  }

  return {
    encode(thrown) {
      try {
        return encode(thrown);
      } catch {
        return { error: UNREADABLE };
      }
    },
    decode,
  };
}
