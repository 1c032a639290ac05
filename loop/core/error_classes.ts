// Copyright 2026 the asyncio for Deno authors. MIT license.

import { textOf } from "./unknown_value.ts";

/** A class whose errors come back as its instances from another thread. */
export interface ErrorClass {
  // deno-lint-ignore no-explicit-any -- the parameters of a constructor do not matter to `instanceof`
  readonly errorClass: abstract new (...args: any[]) => Error;
  /** Makes an instance, where its class keeps something private; else any error is made one. */
  readonly create?: (message: string, errors: readonly unknown[]) => Error;
}

/** By this the program of a worker shares its classes: it imports nothing, and cannot be imported. */
const ERROR_CLASSES: unique symbol = Symbol.for("asyncio.errorClasses");

const classes: Map<string, ErrorClass> =
  (globalThis as { [ERROR_CLASSES]?: Map<string, ErrorClass> })[
    ERROR_CLASSES
  ] ?? new Map();

/** Has the errors of a class come back as its instances from another thread. */
export function registerErrorClass(
  errorClass: ErrorClass["errorClass"],
  create?: ErrorClass["create"],
): void {
  const entry = create === undefined ? { errorClass } : { errorClass, create };
  classes.set(errorClass.name, entry);
}

/** The class that is registered by a name. */
export function errorClassNamed(name: string): ErrorClass | undefined {
  return classes.get(name);
}

/** The message that an error is made with, as `Error` takes it: it throws for a symbol, this does not. */
export function messageOf(message: unknown): string | undefined {
  return message === undefined ? undefined : textOf(message);
}
