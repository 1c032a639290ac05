// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Whatever can be awaited: a `Future` or `Task`, a promise, or a function that returns one of them or
 * a plain value. A function becomes a task; a promise is wrapped in a future whose cancellation
 * detaches from it.
 *
 * @typeParam T The type of the result.
 */
export type Awaitable<T> = PromiseLike<T> | (() => T | PromiseLike<T>);
