// Copyright 2026 the asyncio for Deno authors. MIT license.

import { readableEnv } from "./runtime.ts";

// The async context records where code belongs: to the scheduler in its callbacks, to a task or one of its scopes
// in its body, to nothing elsewhere. `AsyncLocalStorage` is the public API for that; on Deno it causes most of the
// cost of a switch between tasks. Deno keeps the values of all such storages in one object, the mapping, which its
// core lets JavaScript read and replace. The direct implementation keeps a property of its own in the mapping. It is
// used if a check at load shows that Deno behaves as assumed. Otherwise, and with ASYNCIO_CONTEXTS=public in the
// environment, the public implementation is used, which is only slower.

/** The values of all async storages, by their keys. Immutable. */
type Mapping = Readonly<Record<string, unknown>>;

/** The part of Deno's core that is used. */
interface Core {
  getAsyncContext(): Mapping | undefined;
  setAsyncContext(mapping: Mapping | undefined): void;
  AsyncVariable: new () => { enter(value: unknown): unknown; get(): unknown };
}

/** A mapping with a place and no values of user code. */
class PlaceOnly {
  constructor(readonly asyncioPlace: unknown) {}
}

const core = usableCore();

/** Whether contexts are entered directly: functions are then resumed at once, otherwise in a microtask. */
export const isDirect: boolean = core !== null;

/** Deno's core, if it can be used and behaves as assumed. */
function usableCore(): Core | null {
  if (readableEnv("ASYNCIO_CONTEXTS") === "public") return null;
  try {
    // deno-lint-ignore no-explicit-any -- an internal of Deno, which has no types
    const { Deno } = globalThis as any;
    const core: Core | undefined = Deno?.[Deno.internal]?.core;
    return core && behavesAsAssumed(core) ? core : null;
  } catch {
    return null;
  }
}

/** Whether the core keeps the library's property and the values of user code apart, after exceptions too. */
function behavesAsAssumed(core: Core): boolean {
  const before = core.getAsyncContext();
  const own = new PlaceOnly({});
  const isAt = (place: unknown) =>
    core.getAsyncContext()?.asyncioPlace === place;
  try {
    core.setAsyncContext(own as unknown as Mapping); // a class of the library in its place
    if (core.getAsyncContext() as unknown !== own) return false;
    const variable = new core.AsyncVariable();
    variable.enter(1);
    if (variable.get() !== 1 || !isAt(own.asyncioPlace)) return false;
    const users = core.getAsyncContext()!;
    const copy = { ...users, asyncioPlace: own };
    core.setAsyncContext(copy);
    if (variable.get() !== 1 || !isAt(own)) return false;
    variable.enter(2);
    if (variable.get() !== 2 || !isAt(own)) return false;
    core.setAsyncContext(users);
    return variable.get() === 1 && isAt(own.asyncioPlace);
  } finally {
    core.setAsyncContext(before);
  }
}

/** A context that was kept for one call. */
export type Kept = { readonly [kept]: true };
declare const kept: unique symbol;

/** Calls a function in a context, at once. */
export type RunInContext = <R>(fn: () => R) => R;

/** The operations that the library needs. */
interface Contexts {
  /** Returns the place of the calling code, or `undefined`. */
  place(): unknown;

  /** Calls a function at a place, with the user code's values of the caller. */
  runAt<A, R>(place: unknown, fn: (argument: A) => R, argument: A): R;

  /** Sets the place of the rest of the caller's synchronous section and of what follows an `await` in it. */
  moveTo(place: unknown): void;

  /** Keeps the caller's context, at a place, for one call of a function. */
  keep<A>(place: unknown, fn: (argument: A) => void): Kept;

  /** Calls that function in the kept context; returns whether it has returned, or is called in a microtask. */
  resume<A>(kept: Kept, fn: (argument: A) => void, argument: A): boolean;

  /** Keeps the caller's context, at a place, for any number of calls. */
  keepContext(place: unknown): RunInContext;

  /** Creates a variable whose values follow the async context. */
  variable<T>(name: string): AsyncVariable<T>;
}

/** A value that follows the async context. */
export interface AsyncVariable<T> {
  get(): T | undefined;
  run<R>(value: T, fn: () => R): R;
  /** Sets the value for the rest of the caller's synchronous section and for what follows an `await` in it. */
  enter(value: T): void;
}

function directContexts(core: Core): Contexts {
  // In variables, so that the engine inlines these calls.
  const get = core.getAsyncContext as () => PlaceOnly | Mapping | undefined;
  const set = core.setAsyncContext as (mapping: unknown) => void;
  const mappingAt = (place: unknown): unknown => {
    const mapping = get();
    return mapping === undefined || mapping instanceof PlaceOnly
      ? new PlaceOnly(place)
      : { ...mapping, asyncioPlace: place };
  };
  const runIn = <A, R>(
    mapping: unknown,
    fn: (argument: A) => R,
    argument: A,
  ): R => {
    const before = get();
    set(mapping);
    try {
      return fn(argument);
    } finally {
      set(before);
    }
  };
  return {
    place: () => get()?.asyncioPlace,
    runAt: (place, fn, argument) => runIn(mappingAt(place), fn, argument),
    moveTo: (place) => set(mappingAt(place)),
    keep: (place) => mappingAt(place) as Kept,
    resume(kept, fn, argument) {
      const before = get();
      set(kept);
      try {
        fn(argument);
      } finally {
        set(before);
      }
      return true;
    },
    keepContext(place) {
      const mapping = mappingAt(place);
      return (fn) => runIn(mapping, fn, undefined);
    },
    variable<T>(name: string): AsyncVariable<T> {
      const key = `asyncio ${name}`;
      const mappingWith = (value: T) => ({ ...get(), [key]: value });
      return {
        get: () => (get() as Mapping | undefined)?.[key] as T | undefined,
        run: (value, fn) => runIn(mappingWith(value), fn, undefined),
        enter: (value) => set(mappingWith(value)),
      };
    },
  };
}

async function publicContexts(): Promise<Contexts> {
  // Loading it takes 4 ms, which programs on direct contexts save.
  const { AsyncLocalStorage } = await import("node:async_hooks");
  const storage = new AsyncLocalStorage<unknown>();
  // A promise reaction keeps the context too, at a fraction of the cost of a snapshot.
  const react = <A>(fn: (argument: A) => void): Kept => {
    let release!: (argument: A) => void;
    new Promise<A>((resolve) => release = resolve).then(fn);
    return release as unknown as Kept; // opaque outside this file
  };
  return {
    place: () => storage.getStore(),
    runAt: (place, fn, argument) => storage.run(place, fn, argument),
    moveTo: (place) => storage.enterWith(place),
    keep: (place, fn) =>
      place === storage.getStore()
        ? react(fn)
        : storage.run(place, react<never>, fn),
    resume(kept, _, argument) {
      (kept as unknown as (argument: unknown) => void)(argument);
      return false;
    },
    keepContext: (place) =>
      storage.run(place, () => AsyncLocalStorage.snapshot()),
    variable<T>(): AsyncVariable<T> {
      const storage = new AsyncLocalStorage<T>();
      return {
        get: () => storage.getStore(),
        run: (value, fn) => storage.run(value, fn),
        enter: (value) => storage.enterWith(value),
      };
    },
  };
}

export const {
  place,
  runAt,
  moveTo,
  keep,
  resume,
  keepContext,
  variable,
}: Contexts = core === null ? await publicContexts() : directContexts(core);

/**
 * The async context in which this module was loaded. If a module is first loaded in another context, Deno keeps that
 * context on: what the system calls next, such as a handler of `Deno.serve()`, would seem to be part of the task that
 * loaded the module.
 */
const outside: RunInContext = keepContext(undefined);

/**
 * Returns a getter that loads a module when it is first called, and returns it synchronously from then on.
 *
 * @typeParam M The type of the module.
 */
export function lazy<M>(load: () => Promise<M>): () => M | Promise<M> {
  let loaded: M | null = null;
  const get = () => loaded ?? outside(load).then((module) => loaded = module);
  getters.add(get);
  return get;
}

const getters = new Set<() => unknown>();

/**
 * Loads all lazy modules. Servers do so when they start: Deno 2.9 panics when it loads a module while no file
 * descriptor is free, and clients can use them all up.
 */
export async function loadEverything(): Promise<void> {
  // A loaded module may register more.
  for (const get of getters) {
    const module = get();
    if (module instanceof Promise) await module;
  }
}
