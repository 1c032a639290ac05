// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  type AsyncVariable,
  keepContext,
  type RunInContext,
  variable,
} from "./async_context.ts";
import { RuntimeError } from "./errors.ts";
import { runningScheduler, type Scheduler } from "./scheduler.ts";
import { currentTaskState, type TaskState } from "./task_state.ts";
import { isInstance } from "./unknown_value.ts";
import { assertFunction, assertString, wrongType } from "./validate.ts";

/** The values of variables. Immutable, so copying a context is free. */
type Values = ReadonlyMap<ContextVar<unknown>, unknown>;

const NO_VALUES: Values = new Map();

/** Sets the value of a variable in a context, or removes it. */
let assign: (
  context: Context,
  variable: ContextVar<unknown>,
  value: { value: unknown } | null,
) => void;
let contextWith: (values: Values) => Context;

/**
 * The values of context variables in one part of a program. Every task and every callback has its own
 * context, which starts as a copy of the context of the code that created it.
 *
 * @example Usage
 * ```ts
 * import { ContextVar, copyContext } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const user = new ContextVar("user", "unknown");
 * const context = copyContext();
 * context.run(() => user.set("ann"));
 * assertEquals(context.get(user), "ann");
 * assertEquals(user.get(), "unknown");
 * ```
 *
 * @category Context
 * @see {@link https://docs.python.org/3/library/contextvars.html#contextvars.Context}
 */
export class Context {
  #values: Values = NO_VALUES;
  #isEntered = false;

  static {
    assign = (context, variable, value) => {
      inUse = true;
      const values = new Map(context.#values);
      if (value === null) values.delete(variable);
      else values.set(variable, value.value);
      context.#values = values;
    };
    contextWith = (values) => {
      const context = new Context();
      context.#values = values;
      return context;
    };
  }

  /**
   * Calls a function in this context; the values that it sets stay in the context.
   *
   * @typeParam A The types of the arguments.
   * @typeParam R The type of the result.
   * @param fn The function.
   * @param args The arguments of the function.
   * @returns What the function returns.
   * @throws {RuntimeError} If the context is entered already.
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
    assertFunction("The function of Context.run()", fn);
    if (this.#isEntered) {
      throw new RuntimeError(
        "Cannot enter the context as it is entered already",
      );
    }
    this.#isEntered = true;
    try {
      const scope = {
        context: this,
        taskState: currentTaskState()?.owner ?? null,
      };
      return scopes.run(scope, () => fn(...args));
    } finally {
      this.#isEntered = false;
    }
  }

  /**
   * Creates a context with the same values.
   *
   * @returns The copy.
   */
  copy(): Context {
    return contextWith(this.#values);
  }

  /**
   * Returns the value of a variable in this context.
   *
   * @typeParam T The type of the variable's values.
   * @param variable The variable.
   * @returns The value; `undefined` if it has none here, regardless of the variable's default.
   */
  get<T>(variable: ContextVar<T>): T | undefined {
    const assigned = this.#values.get(variable as ContextVar<unknown>);
    if (assigned === undefined) assertVariable("get", variable);
    return assigned as T | undefined;
  }

  /**
   * Returns whether a variable has a value in this context.
   *
   * @param variable The variable.
   * @returns `true` if it does.
   */
  has<T>(variable: ContextVar<T>): boolean {
    if (this.#values.has(variable as ContextVar<unknown>)) return true;
    assertVariable("has", variable);
    return false;
  }

  /** How many variables have a value in this context. */
  get size(): number {
    return this.#values.size;
  }

  /**
   * Returns the variables and their values.
   *
   * @returns An iterator over pairs.
   */
  [Symbol.iterator](): IterableIterator<[ContextVar<unknown>, unknown]> {
    return this.#values.entries();
  }
}

/** A context that was entered by `run()`, with the task that entered it. */
interface Scope {
  context: Context;
  taskState: TaskState | null;
}

const scopes: AsyncVariable<Scope> = variable("context");
const contexts = new WeakMap<TaskState, Context>();
/** The context outside all loops. */
const root = new Context();
/** Whether any variable was ever set; until then contexts cost nothing. */
let inUse = false;

/** Returns the context of the calling code; `null` for a callback that has not needed one yet. */
function currentContext(): Context | null {
  const taskState = currentTaskState()?.owner ?? null;
  const scope = scopes.get();
  // A task that was created inside run() has its own context.
  if (scope !== undefined && scope.taskState === taskState) {
    return scope.context;
  }
  if (taskState !== null) return contextOf(taskState);
  if (scope !== undefined) return scope.context;
  return runningScheduler() === null ? root : null;
}

/** Returns the context of the calling code; changes to it are visible to that code. */
function contextToChange(): Context {
  const current = currentContext();
  if (current !== null) return current;
  const context = new Context();
  scopes.enter({ context, taskState: null });
  return context;
}

/** Returns the context of a task. */
export function contextOf(taskState: TaskState): Context {
  let context = contexts.get(taskState);
  if (context === undefined) contexts.set(taskState, context = new Context());
  return context;
}

/** Shares the context of the caller with a call. */
export function shareContext(taskState: TaskState): void {
  if (taskState.owner !== taskState) return;
  const context = currentContext();
  if (context !== null) contexts.set(taskState, context);
}

/** Sets the context of a task: the given one, or a copy of that of the calling code. */
export function inheritContext(
  taskState: TaskState,
  context: Context | undefined,
): void {
  if (context !== undefined) {
    contexts.set(taskState, context);
  } else if (inUse) {
    contexts.set(taskState, copyContext());
  }
}

/** Replaces the context of a task by a new copy of another, as if the task began anew. */
export function renewContext(taskState: TaskState, context: Context): void {
  if (inUse) contexts.set(taskState, context.copy());
}

/**
 * Returns a copy of the context of the calling code, for a callback; `null` if the callback does not need one,
 * because the copy would be empty and the async context has no other that the callback could change.
 */
export function contextForCallback(): Context | null {
  if (scopes.get() !== undefined) return copyContext();
  if (!inUse) return null;
  const context = currentContext();
  return context === null || context.size === 0 ? null : context.copy();
}

/**
 * Captures the async context of the calling code for callbacks that run outside tasks. The callbacks share one copy
 * of its context variables.
 *
 * @returns A function that calls another one in that context.
 */
export function captureContext(scheduler: Scheduler): RunInContext {
  const context = copyContext();
  return scopes.run(
    { context, taskState: null },
    () => keepContext(scheduler),
  );
}

/** Creates a context without values. */
export function emptyContext(): Context {
  return new Context();
}

/**
 * Returns a copy of the current context.
 *
 * @returns The copy.
 *
 * @example Usage
 * ```ts
 * import { ContextVar, copyContext } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const depth = new ContextVar<number>("depth");
 * depth.set(1);
 * assertEquals(copyContext().get(depth), 1);
 * ```
 *
 * @category Context
 * @see {@link https://docs.python.org/3/library/contextvars.html#contextvars.copy_context}
 */
export function copyContext(): Context {
  return currentContext()?.copy() ?? new Context();
}

/**
 * The value of a variable before a `set()`, for `reset()`.
 *
 * @typeParam T The type of the variable's values.
 *
 * @example Usage
 * ```ts
 * import { ContextVar, type Token } from "@asyncio/asyncio";
 *
 * const level = new ContextVar("level", 0);
 * const token: Token<number> = level.set(1);
 * level.reset(token);
 * ```
 *
 * @category Context
 * @see {@link https://docs.python.org/3/library/contextvars.html#contextvars.Token}
 */
export interface Token<T> {
  /** The variable. */
  readonly variable: ContextVar<T>;
  /** The value before; `undefined` if there was none. */
  readonly oldValue: T | undefined;
}

/** A token, with what only the library needs. */
class SetToken<T> implements Token<T> {
  used = false;

  constructor(
    readonly variable: ContextVar<T>,
    readonly context: Context,
    readonly before: { value: T } | null,
  ) {}

  get oldValue(): T | undefined {
    return this.before?.value;
  }
}

/**
 * A variable whose value belongs to the context: each task has its own.
 *
 * @typeParam T The type of the values.
 *
 * @example Usage
 * ```ts
 * import { ContextVar, createTask, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * const request = new ContextVar<number>("request");
 *
 * await run(async () => {
 *   request.set(1);
 *   await createTask(() => void request.set(2));
 *   assertEquals(request.get(), 1);
 * });
 * ```
 *
 * @category Context
 * @see {@link https://docs.python.org/3/library/contextvars.html#contextvars.ContextVar}
 */
export class ContextVar<T> {
  /** The name of the variable in messages. */
  readonly name: string;
  readonly #default: { value: T } | null;

  /**
   * Constructs a new instance, at the top level of a module.
   *
   * @param name The name of the variable in messages.
   * @param defaultValue The default, where the variable has no value.
   * @throws {TypeError} If `name` is not a string.
   */
  constructor(name: string, defaultValue?: T) {
    assertString("The name of a ContextVar", name);
    this.name = name;
    // `undefined` can be the default, if it is passed.
    this.#default = arguments.length < 2 ? null : { value: defaultValue as T };
  }

  /**
   * Returns the value in the current context.
   *
   * @returns The value, or the default of the variable.
   * @throws {ReferenceError} If there is neither.
   */
  get(): T;
  /**
   * Returns the value in the current context.
   *
   * @param defaultValue The default, instead of the one of the variable.
   * @returns The value or the default.
   */
  get(defaultValue: T): T;
  get(...defaults: [T?]): T {
    const context = inUse ? currentContext() : null;
    if (context?.has(this)) return context.get(this) as T;
    if (defaults.length > 0) return defaults[0] as T;
    if (this.#default !== null) return this.#default.value;
    throw new ReferenceError(
      `The context variable ${this.name} has no value here and no default`,
    );
  }

  /**
   * Sets the value in the current context.
   *
   * @param value The value.
   * @returns A token for `reset()`.
   */
  set(value: T): Token<T> {
    const context = contextToChange();
    const before = context.has(this) ? { value: context.get(this) as T } : null;
    assign(context, this as ContextVar<unknown>, { value });
    return new SetToken<T>(this, context, before);
  }

  /**
   * Restores the value from before a `set()`.
   *
   * @param token What that `set()` returned.
   * @throws {RangeError} If the token belongs to another variable or another context.
   * @throws {RuntimeError} If the token was used before.
   */
  reset(token: Token<T>): void {
    if (!isInstance(token, SetToken)) {
      throw wrongType(
        "The token of reset()",
        "a token that set() returned",
        token,
      );
    }
    if (token.used) {
      throw new RuntimeError(
        `Cannot reset the context variable ${this.name} as the token was used before`,
      );
    }
    if (token.variable !== this) {
      throw new RangeError(
        `Cannot reset the context variable ${this.name} with a token of ${token.variable.name}`,
      );
    }
    if (token.context !== currentContext()) {
      throw new RangeError(
        `Cannot reset the context variable ${this.name} with a token of another context`,
      );
    }
    token.used = true;
    assign(token.context, this as ContextVar<unknown>, token.before);
  }
}

function assertVariable(method: string, value: unknown): void {
  if (isInstance(value, ContextVar)) return;
  throw wrongType(`The variable of Context.${method}()`, "a ContextVar", value);
}
