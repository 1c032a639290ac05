// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors, OS } from "../../core/runtime.ts";
import { codeOf } from "./failures.ts";

const SINGLE_CONNECTION_CLASSES = [
  errors.ConnectionAborted,
  errors.ConnectionReset,
  errors.NotConnected,
];

/** Other codes that accept(2) passes on from the network or from a firewall. */
const SINGLE_CONNECTION_CODES: ReadonlySet<unknown> = new Set([
  "EHOSTDOWN",
  "EHOSTUNREACH",
  // From getpeername(2) on macOS if the peer has disconnected.
  ...(OS === "darwin" ? ["EINVAL"] : []),
  "ENETDOWN",
  "ENETUNREACH",
  "ENONET",
  "ENOPROTOOPT",
  "EOPNOTSUPP",
  "EPERM",
  "EPROTO",
  "ETIMEDOUT",
]);

/** The codes for which asyncio pauses, too. */
const EXHAUSTION_CODES: ReadonlySet<unknown> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
]);

/**
 * Returns whether the failure concerns a single connection. Its peer may have reset it before it was accepted; Deno
 * then fails to read the peer's address.
 */
export function isSingleConnectionFailure(error: unknown): boolean {
  return SINGLE_CONNECTION_CLASSES.some((Class) => error instanceof Class) ||
    SINGLE_CONNECTION_CODES.has(codeOf(error));
}

/**
 * Returns whether file descriptors or memory are exhausted. Errors without a code do not come from the operating
 * system. They count as well, because a custom listener may throw them forever and must not be retried at once.
 */
export function isResourceExhaustion(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined || EXHAUSTION_CODES.has(code);
}
