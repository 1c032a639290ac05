// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Returns the transferable objects in a value: buffers, including those of views, ports and streams.
 *
 * The function is self-contained: its source is a part of the program of a worker.
 */
export function transferablesIn(value: unknown): Transferable[] {
  const found = new Set<Transferable>();
  const values = new Set<object>();
  const add = (each: unknown) => {
    if (typeof each === "object" && each !== null) values.add(each);
  };
  add(value);
  for (const each of values) {
    if (ArrayBuffer.isView(each)) {
      add(each.buffer);
    } else if (each instanceof ArrayBuffer) {
      if (!each.detached) found.add(each);
    } else if (
      each instanceof MessagePort || each instanceof ReadableStream ||
      each instanceof WritableStream || each instanceof TransformStream
    ) {
      found.add(each);
    } else if (each instanceof Map) {
      for (const [key, item] of each) {
        add(key);
        add(item);
      }
    } else if (each instanceof Set) {
      for (const item of each) add(item);
    } else {
      for (const item of Object.values(each)) add(item);
    }
  }
  return [...found];
}
