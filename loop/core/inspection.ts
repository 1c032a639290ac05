// Copyright 2026 the asyncio for Deno authors. MIT license.

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
