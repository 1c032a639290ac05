/**
 * The part of `@std/testing/types` that the tests use, so that they run where
 * JSR cannot be reached.
 *
 * @module
 */

/** Whether `A` and `B` are the same type, `any`, `unknown` and `readonly` kept apart. */
export type IsExact<A, B> = (<T>() => T extends Flat<A> ? 1 : 2) extends
  (<T>() => T extends Flat<B> ? 1 : 2) ? true : false;

// So that `{ a: 1 } & { b: 2 }` is the same as `{ a: 1; b: 2 }`.
type Flat<T> = IsAny<T> extends true ? T
  : T extends Record<PropertyKey, unknown> ? { [K in keyof T]: Flat<T[K]> }
  : T;

/** Whether `T` is `any`. */
export type IsAny<T> = 0 extends (1 & T) ? true : false;

/** Whether `T` is `never`. */
export type IsNever<T> = [T] extends [never] ? true : false;

/** Whether `T` is `unknown`. */
export type IsUnknown<T> = unknown extends T ? IsAny<T> extends true ? false
  : true
  : false;

/** Whether `null` or `undefined` is a `T`. */
export type IsNullable<T> = [Extract<T, null | undefined>] extends [never]
  ? false
  : true;

/** Does not compile unless `T` is what `expectTrue` says. */
export function assertType<T extends boolean>(_expectTrue: T): void {}
