import {
  assertType,
  type IsAny,
  type IsExact,
  type IsNever,
  type IsNullable,
  type IsUnknown,
} from "@std/testing/types";

// Nothing here can fail at run time: the type checker is what tests it.

// deno-lint-ignore no-explicit-any -- `any` is what is tested
type Any = any;

Deno.test("IsExact tells types apart", () => {
  assertType<IsExact<string, string>>(true);
  assertType<IsExact<"a" | "b", "b" | "a">>(true);
  assertType<IsExact<{ a: 1 } & { b: 2 }, { a: 1; b: 2 }>>(true);
  assertType<IsExact<Promise<number>, Promise<number>>>(true);
  assertType<IsExact<Any, Any>>(true);
  assertType<IsExact<never, never>>(true);

  assertType<IsExact<string, number>>(false);
  assertType<IsExact<"a", string>>(false);
  assertType<IsExact<string | null, string>>(false);
  assertType<IsExact<{ a: 1 }, { a: 1; b: 2 }>>(false);
  assertType<IsExact<{ a: 1 }, { a?: 1 }>>(false);
  assertType<IsExact<{ a: 1 }, { readonly a: 1 }>>(false);
  assertType<IsExact<Promise<number>, Promise<string>>>(false);
  assertType<IsExact<Any, string>>(false);
  assertType<IsExact<string, Any>>(false);
  assertType<IsExact<Any, unknown>>(false);
  assertType<IsExact<never, string>>(false);
  assertType<IsExact<[number, string], [number, number]>>(false);
});

Deno.test("IsAny, IsNever, IsUnknown and IsNullable each know their own", () => {
  assertType<IsAny<Any>>(true);
  assertType<IsAny<unknown>>(false);
  assertType<IsAny<never>>(false);
  assertType<IsNever<never>>(true);
  assertType<IsNever<Any>>(false);
  assertType<IsNever<undefined>>(false);
  assertType<IsUnknown<unknown>>(true);
  assertType<IsUnknown<Any>>(false);
  assertType<IsUnknown<string>>(false);
  assertType<IsNullable<string | null>>(true);
  assertType<IsNullable<undefined>>(true);
  assertType<IsNullable<string>>(false);
});
