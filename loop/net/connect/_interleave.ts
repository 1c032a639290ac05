// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { AddrInfo } from "../dns/get_addr_info.ts";

/**
 * Puts addresses of the two versions of IP alternately, beginning with `count` of the version that comes
 * first, as RFC 8305 has it.
 */
export function interleave(
  infos: readonly AddrInfo[],
  count: number,
): AddrInfo[] {
  const first = infos.filter(({ family }) => family === infos[0]?.family);
  const second = infos.filter(({ family }) => family !== infos[0]?.family);
  const result = first.splice(0, count - 1);
  while (first.length > 0 || second.length > 0) {
    result.push(...first.splice(0, 1), ...second.splice(0, 1));
  }
  return result;
}
