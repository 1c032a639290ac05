// Copyright 2026 the asyncio for Deno authors. MIT license.

import { CancelledError } from "../../loop/core/cancelled_error.ts";
import { fail, fulfil, type Future, pending } from "../../loop/core/future.ts";
import type { Scheduler } from "../../loop/core/scheduler.ts";
import { isInstance } from "../../loop/core/unknown_value.ts";
import { sleep } from "../../tasks/sleep.ts";
import type { Connection } from "./_connection.ts";
import type { Answer } from "./store.ts";

/** The largest number of items that go to the store at once. */
const MAX_BATCH = 1000;

interface Entry<I, O> {
  readonly item: I;
  readonly answer: Future<O>;
}

/** Returns the items in groups of the same key, in the order of their first items. */
export function grouped<T>(
  items: readonly T[],
  keyOf: (item: T) => unknown,
): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/**
 * Sends items to the store. Those that come in while a call is under way go together in the next one, so that many
 * tasks share one transaction of the store.
 */
export class Batch<I, O> {
  readonly #connection: Connection;
  readonly #send: (items: readonly I[]) => Answer<readonly O[]>;
  readonly #keyOf: (item: I) => unknown;
  #entries: Entry<I, O>[] = [];
  #isSending = false;

  /** Of the items with the same key, only the first is sent, and all get its answer. */
  constructor(
    connection: Connection,
    send: (items: readonly I[]) => Answer<readonly O[]>,
    keyOf: (item: I) => unknown = (item) => item,
  ) {
    this.#connection = connection;
    this.#send = send;
    this.#keyOf = keyOf;
  }

  /** Sends an item. If the future is cancelled before its turn, the item is not sent. */
  add(scheduler: Scheduler, item: I): Future<O> {
    const answer = pending(scheduler) as Future<O>;
    this.#entries.push({ item, answer });
    if (!this.#isSending) {
      this.#isSending = true;
      this.#connection.inBackground(scheduler, () => this.#sendAll());
    }
    return answer;
  }

  async #sendAll(): Promise<void> {
    try {
      // What is ready may have more to send.
      await sleep(0);
      while (this.#entries.length > 0) {
        await this.#sendSome(this.#entries.splice(0, MAX_BATCH));
      }
    } catch (error) {
      for (const { answer } of this.#entries.splice(0)) answer.cancel();
      throw error;
    } finally {
      this.#isSending = false;
    }
  }

  async #sendSome(batch: Entry<I, O>[]): Promise<void> {
    const wanted = () => batch = batch.filter(({ answer }) => !answer.done());
    if (wanted().length === 0) return;
    let groups: Entry<I, O>[][] = [];
    try {
      const answers = await this.#connection.insist(
        () => {
          groups = grouped(batch, this.#keyOfEntry);
          return this.#send(groups.map(([first]) => first!.item));
        },
        { isWanted: () => wanted().length > 0 },
      );
      for (const [i, group] of groups.entries()) {
        for (const { answer } of group) {
          if (!answer.done()) fulfil(answer, answers[i]!);
        }
      }
    } catch (error) {
      for (const { answer } of wanted()) {
        if (isInstance(error, CancelledError)) answer.cancel();
        else fail(answer as Future<unknown>, error);
      }
      if (isInstance(error, CancelledError)) throw error;
    }
  }

  readonly #keyOfEntry = ({ item }: Entry<I, O>): unknown => this.#keyOf(item);
}
