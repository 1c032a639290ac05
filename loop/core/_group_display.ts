// Copyright 2026 the asyncio for Deno authors. MIT license.

import { propertyOf, textOf } from "./unknown_value.ts";

/** How many members of a group are named in its message, and how many are shown with their stacks. */
const MAX_NAMED = 3;
const MAX_SHOWN = 15;
/** How many groups inside each other are shown. */
const MAX_DEPTH = 5;
/** The maximum number of characters of one error in a message. */
const MAX_TEXT = 100;

const INSPECT = Symbol.for("Deno.customInspect");

type Inspect = (value: unknown, options: unknown) => string;

/** One error of several, with the name of what failed, if it has one. */
export interface Member {
  readonly error: unknown;
  readonly name: string | null;
}

/** Describes errors in one line: `fetch-1: TypeError: invalid URL; fetch-2: …; and 7 more`. */
export function summaryOf(members: readonly Member[]): string {
  const texts = members.slice(0, MAX_NAMED).map(({ error, name }) => {
    const text = firstLineOf(textOf(error));
    return name === null ? text : `${firstLineOf(name)}: ${text}`;
  });
  const rest = members.length - texts.length;
  if (rest > 0) texts.push(`and ${rest} more`);
  return texts.join("; ");
}

function firstLineOf(text: string): string {
  const line = text.split("\n", 1)[0]!;
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}

/** Stands for a member, or for those that are left out, where the console shows a group. */
class Shown {
  constructor(readonly show: (inspect: Inspect, options: unknown) => string) {}

  [INSPECT](inspect: Inspect, options: unknown): string {
    return this.show(inspect, options);
  }
}

/** The groups that are being shown, outer ones first: a group may be among its own causes. */
const open = new Set<Error>();

/** Shows a group as the console shows an `AggregateError`, with the names of its members, and only so many of them. */
export function inspectGroup(
  group: Error,
  members: readonly Member[],
  inspect: Inspect,
  options: unknown,
): string {
  if (open.has(group) || open.size >= MAX_DEPTH) {
    return `[${firstLineOf(textOf(group))}]`;
  }
  open.add(group);
  try {
    return inspect(displayOf(group, members), options);
  } finally {
    open.delete(group);
  }
}

function displayOf(group: Error, members: readonly Member[]): AggregateError {
  const shown: unknown[] = members.slice(0, MAX_SHOWN).map(({ error, name }) =>
    name === null
      ? error
      : new Shown((inspect, options) => `${name}: ${inspect(error, options)}`)
  );
  const rest = members.length - shown.length;
  if (rest > 0) shown.push(new Shown(() => `… and ${rest} more`));
  const display = new AggregateError(shown);
  // What a program has added to the error is shown too.
  for (const key of [...HIDDEN, ...Object.keys(group)]) {
    if (!(key in group)) continue;
    Object.defineProperty(display, key, {
      value: propertyOf(group, key),
      enumerable: !HIDDEN.includes(key),
      configurable: true,
    });
  }
  return display;
}

/** The properties of an error that the console shows in its own way. */
const HIDDEN = ["name", "message", "stack", "cause"];
