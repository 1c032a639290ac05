// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors, OS } from "../../core/runtime.ts";
import { codeOf } from "./failures.ts";

const SINGLE_CONNECTION_CLASSES = [
  errors.ConnectionAborted,
  errors.ConnectionReset,
  errors.NotConnected,
];

/** Other errors that accept(2) passes on from the network, or a firewall gives it. */
const SINGLE_CONNECTION_CODES: ReadonlySet<unknown> = new Set([
  "EHOSTDOWN",
  "EHOSTUNREACH",
  // From getpeername(2) on macOS, of a peer that is gone.
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

/** asyncio pauses for the same. */
const EXHAUSTION_CODES: ReadonlySet<unknown> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
]);

/**
 * Whether accepting failed for one connection only: its peer reset it before it was accepted, for
 * instance, and Deno then does not find the address of the peer.
 */
export function isSingleConnectionFailure(error: unknown): boolean {
  return SINGLE_CONNECTION_CLASSES.some((Class) => error instanceof Class) ||
    SINGLE_CONNECTION_CODES.has(codeOf(error));
}

/**
 * Whether accepting failed as no descriptor or memory is left. An error without a code is not the
 * system's, and a listener that throws such errors may do so forever: it is not asked again at once either.
 */
export function isResourceExhaustion(error: unknown): boolean {
  const code = codeOf(error);
  return code === undefined || EXHAUSTION_CODES.has(code);
}
