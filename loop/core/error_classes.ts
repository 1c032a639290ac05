// Copyright 2026 the asyncio for Deno authors. MIT license.

import { textOf } from "./unknown_value.ts";

/** A class of errors that keep their class when they come from another thread. */
export interface ErrorClass {
  // deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
  readonly errorClass: abstract new (...args: any[]) => Error;
  /** Creates an instance, if the class has private fields; otherwise the prototype of an error is set. */
  readonly create?: (message: string, errors: readonly unknown[]) => Error;
}

/** The key by which the program of a worker shares the classes: it cannot import this module. */
const ERROR_CLASSES: unique symbol = Symbol.for("asyncio.errorClasses");

const classes: Map<string, ErrorClass> =
  (globalThis as { [ERROR_CLASSES]?: Map<string, ErrorClass> })[
    ERROR_CLASSES
  ] ?? new Map();

/** Registers a class, so that its errors keep it when they come from another thread. */
export function registerErrorClass(
  errorClass: ErrorClass["errorClass"],
  create?: ErrorClass["create"],
): void {
  const entry = create === undefined ? { errorClass } : { errorClass, create };
  classes.set(errorClass.name, entry);
}

/** Returns the class that is registered under a name. */
export function errorClassNamed(name: string): ErrorClass | undefined {
  return classes.get(name);
}

/** Converts the message of an error as `Error` does, but does not throw for a symbol. */
export function messageOf(message: unknown): string | undefined {
  return message === undefined ? undefined : textOf(message);
}
