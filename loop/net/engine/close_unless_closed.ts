// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Closes a connection or file, unless it is closed: whoever took it from a transport may have done so. */
export function closeUnlessClosed(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
