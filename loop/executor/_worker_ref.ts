// Copyright 2026 the asyncio for Deno authors. MIT license.

type SetReferenced = (this: Worker, referenced: boolean) => void;

/**
 * Deno's own way to say whether a worker keeps the program alive. The platform has none: a web worker
 * keeps it alive until it is terminated, at work or not. `node:worker_threads` has `unref()`, which
 * calls this; but workers of that kind take twenty times as long to start, and twice as long for a job.
 *
 * It is the one method that stands under a symbol without a description; where another version of Deno
 * has none, or more than one, it counts as not found.
 */
const setReferenced: SetReferenced | null = findSetReferenced();

function findSetReferenced(): SetReferenced | null {
  const found = Object.getOwnPropertySymbols(Worker.prototype)
    .filter((symbol) => symbol.description === undefined)
    .map((symbol) => Reflect.get(Worker.prototype, symbol))
    .filter((method) => typeof method === "function" && method.length === 1);
  return found.length === 1 ? found[0] : null;
}

/** Whether a worker that has nothing to do can let the program end. */
export function canUnref(): boolean {
  return setReferenced !== null;
}

/** Has a worker keep the program alive, as it does from its start. Once after each {@linkcode unref}. */
export function ref(worker: Worker): void {
  setReferenced?.call(worker, true);
}

/** Has a worker let the program end. */
export function unref(worker: Worker): void {
  setReferenced?.call(worker, false);
}
