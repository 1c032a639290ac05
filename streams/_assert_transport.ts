// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertMethods } from "../loop/core/validate.ts";

/** Throws unless the value looks like a transport. */
export function assertTransport(what: string, value: unknown): void {
  assertMethods(what, "a transport", value, "close", "getExtraInfo");
}
