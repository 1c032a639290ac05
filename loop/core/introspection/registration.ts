// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Where a debugger finds this copy of the library, to inspect a program that did not prepare for it: a list, since a
 * program may have several copies. The modules for that are loaded only then.
 */
const REGISTRY = Symbol.for("asyncio.inspection");

const { [REGISTRY]: others = [] } = globalThis as { [REGISTRY]?: unknown[] };

Object.defineProperty(globalThis, REGISTRY, {
  value: [...others, () => import("./request_handler.ts")],
  configurable: true,
  writable: true,
});
