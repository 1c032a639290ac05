// Copyright 2026 the asyncio for Deno authors. MIT license.

import { keepContext, type RunInContext } from "./async_context.ts";

/**
 * The async context in which this module was loaded. If a module is first loaded in another context, Deno keeps that
 * context on: what the system calls next, such as a handler of `Deno.serve()`, would seem to be part of the task that
 * loaded the module.
 */
const outside: RunInContext = keepContext(undefined);

/**
 * Returns a getter that loads a module when it is first called, and returns it synchronously from then on.
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
 * Loads all lazy modules. Servers do so when they start: Deno 2.9 panics when it loads a module while no file
 * descriptor is free, and clients can use them all up.
 */
export async function loadEverything(): Promise<void> {
  // A loaded module may register more.
  for (const get of getters) {
    const module = get();
    if (module instanceof Promise) await module;
  }
}
