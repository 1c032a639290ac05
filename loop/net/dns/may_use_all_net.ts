// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isPermitted } from "../../runtime.ts";

/**
 * Whether the program may use the network without restriction. Where it may not, it may be allowed a name
 * and not the addresses that are behind it: only Deno itself can then go from one to the other.
 */
export function mayUseAllNet(): boolean {
  return isPermitted({ name: "net" });
}
