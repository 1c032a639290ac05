// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Says whether a worker keeps the program alive, as it does from its start. In turn: off, on, off, … */
export type SetReferenced = (referenced: boolean) => void;

/**
 * Deno's own way to say whether a worker keeps the program alive; `null` where there is none.
 *
 * The platform has none: a web worker keeps the program alive until it is terminated, at work or not.
 * `node:worker_threads` has `unref()`, which calls this; but workers of that kind take twenty times as long
 * to start, and twice as long for a job. It is the one method of a worker under a symbol without a
 * description; where another version of Deno has more than one, it counts as not found.
 */
export function setReferencedOf(worker: Worker): SetReferenced | null {
  const found: SetReferenced[] = [];
  // A program may have made a class of its own of Worker.
  for (
    let prototype = Object.getPrototypeOf(worker);
    prototype !== EventTarget.prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    for (const symbol of Object.getOwnPropertySymbols(prototype)) {
      if (symbol.description !== undefined) continue;
      const method: unknown = Reflect.get(prototype, symbol);
      if (typeof method === "function" && method.length === 1) {
        found.push((referenced) => method.call(worker, referenced));
      }
    }
  }
  return found.length === 1 ? found[0]! : null;
}
