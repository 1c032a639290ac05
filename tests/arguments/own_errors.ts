// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Trap } from "./junk.ts";

/** The forms of messages about arguments. */
const OWN = [
  /: received ./,
  /takes the function itself: /,
  /takes a function that is not async/,
  /^Cannot compare /,
  /^The arguments of a job must be cloneable: argument \d+ is not: /,
  /^Cannot run a generator as a task: /,
];

/** V8's message about a revoked proxy: the value's own error, as that of a trap is. */
const REVOKED = /on a proxy that has been revoked$/;

/** Whether an error may come out of a call with a wrong argument. */
export function isOwnError(error: unknown): boolean {
  if (error instanceof Trap) return true;
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError && REVOKED.test(error.message)) return true;
  if (
    error.constructor === TypeError || error.constructor === RangeError
  ) return OWN.some((message) => message.test(error.message));
  return ![Error, ReferenceError, SyntaxError, EvalError, URIError].includes(
    error.constructor as ErrorConstructor,
  ) && !(error instanceof DOMException);
}
