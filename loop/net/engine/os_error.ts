// Copyright 2026 the asyncio for Deno authors. MIT license.

import { asError } from "./as_error.ts";

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error;

const CLASSES: ReadonlyMap<unknown, ErrorClass> = new Map([
  ["EACCES", Deno.errors.PermissionDenied],
  ["EADDRINUSE", Deno.errors.AddrInUse],
  ["EADDRNOTAVAIL", Deno.errors.AddrNotAvailable],
  ["EBADF", Deno.errors.BadResource],
  ["ECONNABORTED", Deno.errors.ConnectionAborted],
  ["ECONNREFUSED", Deno.errors.ConnectionRefused],
  ["ECONNRESET", Deno.errors.ConnectionReset],
  ["ENETUNREACH", Deno.errors.NetworkUnreachable],
  ["ENOTCONN", Deno.errors.NotConnected],
  ["ENOTFOUND", Deno.errors.NotFound],
  ["EPERM", Deno.errors.PermissionDenied],
  ["EPIPE", Deno.errors.BrokenPipe],
  ["ERR_SOCKET_DGRAM_NOT_RUNNING", Deno.errors.BadResource],
  ["ERR_STREAM_DESTROYED", Deno.errors.BadResource],
  ["ERR_STREAM_WRITE_AFTER_END", Deno.errors.BrokenPipe],
  ["ETIMEDOUT", Deno.errors.TimedOut],
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
