// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../../runtime.ts";

/** Closes it unless it is closed: whoever took it from a transport or a server may have done so. */
export function closeUnlessClosed(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof errors.BadResource)) throw error;
  }
}
