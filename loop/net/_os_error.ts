// Copyright 2026 the asyncio for Deno authors. MIT license.

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error;

const CLASSES: ReadonlyMap<unknown, ErrorClass> = new Map([
  ["EACCES", Deno.errors.PermissionDenied],
  ["EADDRINUSE", Deno.errors.AddrInUse],
  ["EADDRNOTAVAIL", Deno.errors.AddrNotAvailable],
  ["EBADF", Deno.errors.BadResource],
  ["ECONNREFUSED", Deno.errors.ConnectionRefused],
  ["ECONNRESET", Deno.errors.ConnectionReset],
  ["ENETUNREACH", Deno.errors.NetworkUnreachable],
  ["ENOTFOUND", Deno.errors.NotFound],
  ["EPERM", Deno.errors.PermissionDenied],
  ["EPIPE", Deno.errors.BrokenPipe],
  ["ERR_SOCKET_DGRAM_NOT_RUNNING", Deno.errors.BadResource],
  ["ETIMEDOUT", Deno.errors.TimedOut],
]);

/** The error of `Deno.errors` for one of Node's, which stays its `cause`; others are as they were. */
export function osErrorOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const ErrorClass = "code" in error ? CLASSES.get(error.code) : undefined;
  if (ErrorClass === undefined) return error;
  return new ErrorClass(error.message, { cause: error });
}
