// Copyright 2026 the asyncio for Deno authors. MIT license.

// Imports nothing of the library: workers load this module, too.

import { revoked } from "../doubles/revoked.ts";

/** Throws at every trap. */
const HOSTILE: ProxyHandler<object> = new Proxy({}, {
  get(_, trap) {
    return () => {
      throw new TypeError(`The trap ${String(trap)} throws`);
    };
  },
});

function refuse(): never {
  throw new RangeError("It refuses");
}

function hostile(target: object): unknown {
  return new Proxy(target, HOSTILE);
}

/** An error with getters that throw. */
function unreadable(...keys: PropertyKey[]): Error {
  const error = new Error("odd");
  for (const key of keys) {
    Object.defineProperty(error, key, { get: refuse, configurable: true });
  }
  return error;
}

/** An error with own properties, also those that an error seldom has. */
function having(properties: Record<PropertyKey, unknown>): Error {
  const error = new Error("odd");
  for (const key of Reflect.ownKeys(properties)) {
    Object.defineProperty(error, key, {
      value: Reflect.get(properties, key),
      writable: true,
      configurable: true,
    });
  }
  return error;
}

function causeOfItself(): Error {
  const error = new Error("odd");
  error.cause = error;
  return error;
}

function circleOfCauses(): Error {
  const last = new Error("last");
  const first = new Error("first", { cause: last });
  last.cause = first;
  return first;
}

/** By its name, as where the engine has no such class. */
function suppressing(error: unknown): Error {
  return having({ name: "SuppressedError", error, suppressed: error });
}

function suppressingItself(): Error {
  const error = suppressing(null);
  return Object.assign(error, { error });
}

function circleOfSuppressed(): Error {
  const one = suppressing(null);
  return Object.assign(one, { error: suppressing(one) });
}

/** Values that user code may throw, return or pass, by name. Created anew each time. */
export const ODD_VALUES: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "null": () => null,
  "NaN": () => NaN,
  "a string": () => "odd",
  "a bigint": () => 1n,
  "a symbol": () => Symbol("odd"),
  "a function": () => refuse,
  "a class": () => class Odd {},
  "an array": () => [Symbol("odd")],
  "an object without a prototype": () => Object.create(null),
  "an object that cannot be converted": () => ({
    toString: refuse,
    valueOf: refuse,
    [Symbol.toPrimitive]: refuse,
  }),
  "an object with a hostile tag": () =>
    Object.defineProperty({}, Symbol.toStringTag, { get: refuse }),
  "a hostile proxy": () => hostile({}),
  "a hostile proxy of an error": () => hostile(new Error("odd")),
  "a hostile proxy of a function": () => hostile(refuse),
  "a hostile proxy of a promise": () => hostile(Promise.resolve()),
  "a revoked proxy": () => revoked({}),
  "a revoked proxy of an error": () => revoked(new Error("odd")),
  "a revoked proxy of a function": () => revoked(refuse),
  "a transparent proxy of an error": () => new Proxy(new Error("odd"), {}),
  "an error whose name throws": () => unreadable("name"),
  "an error whose message throws": () => unreadable("message"),
  "an error whose stack throws": () => unreadable("stack"),
  "an error whose cause throws": () => unreadable("cause"),
  "an error whose constructor throws": () => unreadable("constructor"),
  "an error whose code throws": () => unreadable("code"),
  "an error that cannot be read": () =>
    unreadable("name", "message", "stack", "cause", "errors", "error", "code"),
  "an error with odd texts": () =>
    having({ name: Symbol("name"), message: Object.create(null), stack: 1n }),
  "an error that cannot be converted": () =>
    having({ toString: refuse, [Symbol.toPrimitive]: refuse }),
  "an error that cannot be printed": () =>
    having({
      [Symbol.for("Deno.customInspect")]: refuse,
      [Symbol.for("nodejs.util.inspect.custom")]: refuse,
    }),
  "an error without a prototype": () =>
    Object.setPrototypeOf(new Error("odd"), null),
  "a frozen error": () => Object.freeze(new Error("odd")),
  "a cause of itself": causeOfItself,
  "a circle of causes": circleOfCauses,
  "an error with a hostile cause": () =>
    new Error("odd", { cause: hostile(new Error("cause")) }),
  "an error with a revoked cause": () =>
    new Error("odd", { cause: revoked(new Error("cause")) }),
  "a suppressed error that holds itself": suppressingItself,
  "suppressed errors in a circle": circleOfSuppressed,
  "a suppressed error that throws": () =>
    Object.defineProperty(suppressing(null), "error", { get: refuse }),
  "a suppressed error with a revoked one": () =>
    suppressing(revoked(new Error("odd"))),
  "an aggregate that cannot be read": () =>
    Object.defineProperty(new AggregateError([]), "errors", { get: refuse }),
};

/** As {@linkcode ODD_VALUES}: what `await` looks at. Thrown, they are as other objects. */
export const ODD_THENABLES: Readonly<Record<string, () => unknown>> = {
  "an object whose then throws": () =>
    Object.defineProperty({}, "then", { get: refuse }),
  "a thenable that throws": () => ({ then: refuse }),
  "a thenable that fulfils twice": () => ({
    then(resolve: (value: unknown) => void) {
      resolve(1);
      resolve(2);
    },
  }),
  "a thenable that rejects and throws": () => ({
    then(_: unknown, reject: (error: unknown) => void) {
      reject(new Error("odd"));
      refuse();
    },
  }),
  "a promise with a then of its own": () =>
    Object.assign(Promise.resolve(1), { then: refuse }),
  "a promise whose then fulfils twice": () =>
    Object.assign(Promise.resolve(1), {
      then(resolve: (value: unknown) => void) {
        resolve(1);
        resolve(2);
      },
    }),
  "a promise with a catch of its own": () =>
    Object.assign(Promise.resolve(1), { catch: refuse }),
  "a promise whose constructor throws": () =>
    Object.defineProperty(Promise.resolve(1), "constructor", { get: refuse }),
  "a rejected promise of a hostile proxy": () => {
    const promise = Promise.reject(hostile(new Error("odd")));
    // Not every way looks at it.
    promise.catch(() => {});
    return promise;
  },
};

// Jobs in another thread.

const worker = Math.random();

/** Tells one worker from another. */
export function workerNumber(): number {
  return worker;
}

export function throwOdd(name: string): never {
  throw makeOdd(name);
}

export function returnOdd(name: string): unknown {
  return makeOdd(name);
}

/** Returns a value that throws while it is cloned. */
export function returnWithGetter(name: string): unknown {
  return {
    get odd() {
      return throwOdd(name);
    },
  };
}

function makeOdd(name: string): unknown {
  return (ODD_VALUES[name] ?? ODD_THENABLES[name])!();
}
