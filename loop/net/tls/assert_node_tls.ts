// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The first version of Deno whose `node:tls` works over any stream. */
const FIRST_VERSION = [2, 9] as const;

/** Whether it does here. */
export function hasNodeTls(): boolean {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  const [firstMajor, firstMinor] = FIRST_VERSION;
  return major > firstMajor || (major === firstMajor && minor >= firstMinor);
}

/** Throws unless it does here. */
export function assertNodeTls(): void {
  if (hasNodeTls()) return;
  throw new Deno.errors.NotSupported(
    `TLS with certificates of clients or without verification, over Unix sockets and by startTls() needs Deno ${
      FIRST_VERSION.join(".")
    } or later: received ${Deno.version.deno}`,
  );
}
