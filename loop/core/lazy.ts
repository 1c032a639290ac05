// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepContext, type RunInContext } from "./async_context.ts";

/**
 * The async context that this module was loaded in. Where a module is first loaded in another one, Deno
 * leaves that one on: what the system calls next, such as a handler of `Deno.serve()`, would seem to be
 * part of the task that did so.
 */
const outside: RunInContext = keepContext(undefined);

/**
 * Gives a module that is loaded when it is first asked for; from then on without a wait.
 *
 * @typeParam M The type of the module.
 */
export function lazy<M>(load: () => Promise<M>): () => M | Promise<M> {
  let loaded: M | null = null;
  const get = () => loaded ?? outside(load).then((module) => loaded = module);
  getters.add(get);
  return get;
}

const getters = new Set<() => unknown>();

/**
 * Loads everything now. Servers do so when they start: Deno 2.9 panics when it loads a module while no file
 * descriptor is free, which their clients can bring about.
 */
export async function loadEverything(): Promise<void> {
  // What is loaded may have more to load.
  for (const get of getters) {
    const module = get();
    if (module instanceof Promise) await module;
  }
}
