// Copyright 2026 the asyncio for Deno authors. MIT license.

import { asError } from "./as_error.ts";
import { errors } from "../../runtime.ts";

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error;

const CLASSES: ReadonlyMap<unknown, ErrorClass> = new Map([
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
  if (!(error instanceof Error)) return asError(error);
  const code = codeOf(error);
  const ErrorClass = CLASSES.get(code);
  if (ErrorClass === undefined) return error;
  return Object.assign(new ErrorClass(error.message, { cause: error }), {
    code,
  });
}

/** The code of an error of the system's, if it has one. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
