// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { createTask, Lock, sleep } from "../../mod.ts";
import { assertFound, assertSound, type Body, ended } from "./exploring.ts";
import { HastyOnce } from "./planted/hasty_once.ts";

/** Two tasks withdraw an amount that suffices for one. */
function withdrawing(
  isAllowed: (balance: () => number) => Promise<boolean>,
  lock?: Lock,
): Body {
  return async () => {
    let balance = 100;
    const withdraw = async () => {
      using _ = await lock?.acquire();
      if (!await isAllowed(() => balance)) return;
      balance -= 100;
    };
    await ended([createTask(withdraw), createTask(withdraw)]);
    assertEquals(balance, 0);
  };
}

/** Looks, and then takes its time. */
async function lookFirst(balance: () => number): Promise<boolean> {
  const isEnough = balance() >= 100;
  await sleep(0);
  return isEnough;
}

/** Takes its time, and then looks. */
async function lookLast(balance: () => number): Promise<boolean> {
  await sleep(0);
  return balance() >= 100;
}

Deno.test("explore() finds a check that is used after an await", () =>
  assertFound(withdrawing(lookFirst)));

Deno.test("explore() accepts a check that is used in the same step", () =>
  // An await of a promise that is settled ends no step.
  assertSound(withdrawing(lookLast)));

Deno.test("A check before an await is sound under a lock", () =>
  assertSound((trial) => withdrawing(lookFirst, new Lock())(trial)));

interface AnyOnce<T> {
  get(): Promise<T>;
}

/** Some ask for what is to be made once, at different times. */
function asking(
  makeOnce: (make: () => Promise<object>) => AnyOnce<object>,
): Body {
  return async () => {
    let made = 0;
    const once = makeOnce(async () => {
      await sleep(1);
      made++;
      return {};
    });
    const got = new Set<object>();
    const ask = async () => void got.add(await once.get());
    const tasks = [createTask(ask)];
    await sleep(2);
    tasks.push(createTask(ask), createTask(ask));
    await ended(tasks);
    assertEquals(made, 1);
    assertEquals(got.size, 1);
  };
}

Deno.test("explore() finds a value that is created twice", () =>
  // It is made long before the others ask, unless time is short.
  assertFound(asking((make) => new HastyOnce(make))));

Deno.test("explore() accepts a value that a task creates once", () =>
  assertSound(asking((make) => {
    let task: Promise<object> | undefined;
    return { get: () => task ??= createTask(make) };
  })));
