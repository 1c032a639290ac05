// Copyright 2026 the asyncio for Deno authors. MIT license.

/** An operation that failed, where what it comes to is a value. */
export class Failure {
  constructor(readonly error: unknown) {}
}
