// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The facts about an object in a snapshot of a program; never values that the program passes around. */
export type Facts = Readonly<
  Record<string, string | number | boolean | null | object>
>;

/**
 * Returns what a snapshot says of an object, besides its kind. A method, because snapshots are taken where the
 * class is not known. `holders` are the task states that hold the object; `null` for an acquisition outside tasks.
 */
export const facts: unique symbol = Symbol("facts");

/** An object that snapshots describe. */
export interface Inspectable {
  [facts](): { readonly kind: string } & Facts;
}

const INSPECT = Symbol.for("Deno.customInspect");

/** Makes `console.log()` and `Deno.inspect()` show the instances of a class by their `toString()`. */
export function inspectAsText(type: { readonly prototype: object }): void {
  Object.defineProperty(type.prototype, INSPECT, {
    value(this: object): string {
      return this.toString();
    },
    configurable: true,
    writable: true,
  });
}
