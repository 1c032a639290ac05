// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { SubprocessOptions } from "../loop/net/process/subprocess_options.ts";

/** The options, with the standard streams of this program where nobody asked otherwise. */
export function inheriting(options: SubprocessOptions): SubprocessOptions {
  const { stdin = null, stdout = null, stderr = null } = options;
  return { ...options, stdin, stdout, stderr };
}
