// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * How long, in seconds, the end of a program waits for tasks that await something foreign, which a
 * cancellation does not reach: a promise that never settles must not keep the program from ending.
 */
export const FOREIGN_GRACE = 2;
