// Copyright 2026 the asyncio for Deno authors. MIT license.

// No imports: workers load this module, too.

/** Returns a revoked proxy, which throws at every access. */
export function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}
