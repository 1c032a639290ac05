// Copyright 2026 the asyncio for Deno authors. MIT license.

import { EventLoop, Future, Lock, StreamReader } from "../../mod.ts";

/** A parameter or an option: what it takes. */
export interface Parameter {
  /** A value that it takes, for the calls in which another one is wrong. */
  readonly good: () => unknown;
  /** Whether a value may be accepted; what it returns `false` for must be refused. */
  readonly takes: (value: unknown) => boolean;
  /** The parameters of the members of an options object. */
  readonly options?: Readonly<Record<string, Parameter>>;
}

function parameter(
  takes: (value: unknown) => boolean,
  good: () => unknown = () => undefined,
): Parameter {
  return { takes, good };
}

/** The same, where it may be left out. */
export function optional(of: Parameter): Parameter {
  return {
    ...of,
    takes: (value) => value === undefined || of.takes(value),
    good: () => undefined,
  };
}

/** The same, where `null` is taken too. */
export function nullable(of: Parameter): Parameter {
  return { ...of, takes: (value) => value === null || of.takes(value) };
}

/** An object of options, which may be left out. */
export function options(
  members: Readonly<Record<string, Parameter>>,
): Parameter {
  return {
    good: () =>
      Object.fromEntries(
        Object.entries(members).map(([name, each]) => [name, each.good()])
          .filter(([_, value]) => value !== undefined),
      ),
    takes: (value) =>
      value === undefined || (typeof value === "object" && value !== null) ||
      typeof value === "function",
    options: members,
  };
}

/** The same parameter with another value that it takes. */
export function given(of: Parameter, good: () => unknown): Parameter {
  return { ...of, good };
}

function instance(type: abstract new (...args: never[]) => unknown) {
  return (value: unknown) => {
    try {
      return value instanceof type;
    } catch {
      return true;
    }
  };
}

const isFunction = (value: unknown) => typeof value === "function";
const isNumber = (value: unknown) =>
  typeof value === "number" && !Number.isNaN(value);
const isObject = (value: unknown) =>
  typeof value === "object" && value !== null;

/** Whatever there is: a value that is kept as it is, or taken as true or false. */
export const ANYTHING = parameter(() => true);
export const BOOLEAN = parameter((v) => typeof v === "boolean", () => false);
export const FUNCTION = parameter(isFunction, () => () => undefined);
export const NUMBER = parameter(isNumber, () => 0);
export const INTEGER = parameter(Number.isInteger, () => 1);
export const POSITIVE = parameter(
  (v) => isNumber(v) && v as number > 0,
  () => 1,
);
export const COUNT = parameter(
  (value) => Number.isInteger(value) && value as number >= 0,
  () => 1,
);
export const AT_LEAST_0 = parameter(
  (value) => isNumber(value) && value as number >= 0,
  () => 1,
);
/** A number of things, or any number of them. */
export const ANY_COUNT = parameter(
  (value) => value === Infinity || COUNT.takes(value),
  () => 1,
);
export const STRING = parameter((v) => typeof v === "string", () => "text");
export const BYTES = parameter(
  instance(Uint8Array),
  () => new Uint8Array(4),
);
/** Memory of at least one byte. */
export const FILLABLE = parameter(
  (v) => instance(Uint8Array)(v) && (v as Uint8Array).length > 0,
  () => new Uint8Array(4),
);
export const DATA = parameter(
  (v) => typeof v === "string" || instance(Uint8Array)(v),
  () => "text",
);
/** Objects may have what is needed: methods, members. Whether they do is for the library to say. */
export const OBJECT = parameter(isObject, () => ({}));
/** A length of time; no junk is a duration. */
export const SECONDS = parameter(isNumber, () => 0);
export const AWAITABLE = parameter(
  (value) => isFunction(value) || isObject(value),
  () => Promise.resolve(1),
);
export const ARRAY = parameter(Array.isArray, () => []);
/** Iterables, including strings. */
export const ITERABLE = parameter(
  (value) =>
    Array.isArray(value) || typeof value === "string" || isObject(value),
  () => [],
);
export const FUTURE = parameter(instance(Future), () => new Future());
export const LOOP = parameter(instance(EventLoop));
export const LOCK = parameter(instance(Lock));
export const SIGNAL = parameter(
  instance(AbortSignal),
  () => new AbortController().signal,
);
export const READER = parameter(
  instance(StreamReader),
  () => new StreamReader(),
);
export const HOST = parameter((v) => typeof v === "string", () => "localhost");
export const PORT = parameter(
  (v) => Number.isInteger(v) && v as number >= 0 && v as number < 65536,
  () => 1,
);
