// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors, OS } from "../../core/runtime.ts";
import {
  asError,
  isInstance,
  propertyOf,
  textAt,
  textOf,
} from "../../core/unknown_value.ts";

/** Returns the argument of `connectionLost()` for an error. */
export function reasonOf(error: unknown): Error | null {
  return error === null ? null : asError(error);
}

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error;

const CLASSES_BY_CODE: ReadonlyMap<unknown, ErrorClass> = new Map([
  ["EACCES", errors.PermissionDenied],
  ["EADDRINUSE", errors.AddrInUse],
  ["EADDRNOTAVAIL", errors.AddrNotAvailable],
  ["EBADF", errors.BadResource],
  ["ECONNABORTED", errors.ConnectionAborted],
  ["ECONNREFUSED", errors.ConnectionRefused],
  ["ECONNRESET", errors.ConnectionReset],
  ["ENETUNREACH", errors.NetworkUnreachable],
  ["ENOTCONN", errors.NotConnected],
  ["ENOTFOUND", errors.NotFound],
  ["EPERM", errors.PermissionDenied],
  ["EPIPE", errors.BrokenPipe],
  ["ERR_SOCKET_DGRAM_NOT_RUNNING", errors.BadResource],
  ["ERR_STREAM_DESTROYED", errors.BadResource],
  ["ERR_STREAM_WRITE_AFTER_END", errors.BrokenPipe],
  ["ETIMEDOUT", errors.TimedOut],
]);

/**
 * Converts a Node error with a known code to the class in `Deno.errors`, with the same code and the original as its
 * `cause`. Returns other errors unchanged.
 */
export function osErrorOf(error: unknown): Error {
  if (!isInstance(error, Error)) return asError(error);
  const code = codeOf(error);
  const ErrorClass = CLASSES_BY_CODE.get(code);
  if (ErrorClass === undefined) return error;
  return Object.assign(new ErrorClass(messageOf(error), { cause: error }), {
    code,
  });
}

/** Returns the error of an operation whose connection is closed while it is pending. */
export function interrupted(): Error {
  return new errors.Interrupted("The connection was closed");
}

/** Returns the error of a write that is not sent, as the connection is closed. */
export function connectionLost(): Error {
  return new errors.ConnectionReset("Connection lost");
}

/** Returns the code of a system error, if it has one. */
export function codeOf(error: unknown): unknown {
  return isInstance(error, Error) ? propertyOf(error, "code") : undefined;
}

const REPHRASABLE = [...Object.values(errors), RangeError, TypeError];

/** Returns an error of the same class and code with another message. The cause is the original unless specified. */
export function rephrase(
  error: unknown,
  message: string,
  cause = error,
): Error {
  const Class = REPHRASABLE.find((Class) => isInstance(error, Class)) ?? Error;
  const rephrased = new Class(message, { cause });
  const code = codeOf(error);
  return code === undefined ? rephrased : Object.assign(rephrased, { code });
}

/** Returns the message of an error. */
export function messageOf(error: unknown): string {
  return isInstance(error, Error) ? textAt(error, "message") : textOf(error);
}

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
