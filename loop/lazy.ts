// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";

/**
 * The async context that this module was loaded in. Where a module is first loaded in another one, Deno
 * leaves that one on: what the system calls next, such as a handler of `Deno.serve()`, would seem to be
 * part of the task that did so.
 */
const outside = AsyncLocalStorage.snapshot();

/**
 * Gives a module that is loaded when it is first asked for; from then on without a wait.
 *
 * @typeParam M The type of the module.
 */
export function lazy<M>(load: () => Promise<M>): () => M | Promise<M> {
  let loaded: M | null = null;
  return () => loaded ?? outside(load).then((module) => loaded = module);
}
