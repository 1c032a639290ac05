// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors } from "../../core/runtime.ts";
import {
  asError,
  isInstance,
  propertyOf,
  textAt,
  textOf,
} from "../../core/unknown_value.ts";

/** Why a connection ended, as `connectionLost()` is told. */
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
 * The error of `Deno.errors` for one of Node's, which stays its `cause` and gives it its `code`; others
 * are as they were.
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

/** What ends an operation on a connection that is closed meanwhile. */
export function interrupted(): Error {
  return new errors.Interrupted("The connection was closed");
}

/** The code of an error of the system's, if it has one. */
export function codeOf(error: unknown): unknown {
  return isInstance(error, Error) ? propertyOf(error, "code") : undefined;
}

const REPHRASABLE = [...Object.values(errors), RangeError, TypeError];

/** An error of the same class and code, in other words. The original is its cause, or what is given. */
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

/** What an error says. */
export function messageOf(error: unknown): string {
  return isInstance(error, Error) ? textAt(error, "message") : textOf(error);
}
